//! The host's HTTP API.
//!
//! [`serve`] is a function of a listener, a host and a shutdown. What it promises to whoever asks: JSON, errors with stable
//! codes, bounded bodies and times. What it promises to the machine's owner: until there is authentication, nobody from
//! another machine and no foreign web page in a local browser gets anything done.
//!
//! Knows nothing of Kafka and Wasm; everything is the [`Host`]'s business.

mod answers;
mod error;
mod forms;
mod guard;
mod health;
mod redrives;
mod rejected;
mod tables;
mod transforms;
mod upload;

#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::Method,
    middleware,
    response::Response,
    routing::{get, post},
};
use millstream_host::host::Host;
use tokio::{net::TcpListener, sync::Semaphore};

use self::error::Refusal;
use crate::api::{self, BODY_LIMIT, HostInfo, MODULE_LIMIT};

/// Uploads that are read and checked at once: each may take 64 MiB and a compiler.
const UPLOADS: usize = 2;
/// A form is a module, a manifest, and what holds the two together.
const UPLOAD_LIMIT: usize = MODULE_LIMIT + 2 * BODY_LIMIT;
/// What a request may take, reading its body included. A compiler may need minutes for a module of 64 MiB.
const REQUEST_WITHIN: Duration = Duration::from_secs(300);

#[derive(Clone)]
pub struct Served {
    host: Host,
    uploads: Arc<Semaphore>,
}

/// Answers requests until `shutdown` is done; requests in progress are finished, streams are cut.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    host: Host,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = guard::Timed(listener);
    axum::serve(listener, router(host))
        .with_graceful_shutdown(shutdown)
        .await
}

pub(crate) fn router(host: Host) -> Router {
    let served = Served {
        host,
        uploads: Arc::new(Semaphore::new(UPLOADS)),
    };
    let upload = post(upload::deploy).layer(DefaultBodyLimit::max(UPLOAD_LIMIT));
    Router::new()
        .route("/v1/transforms", get(transforms::list).merge(upload))
        .route(
            "/v1/transforms/{name}",
            get(transforms::describe).delete(transforms::delete),
        )
        .route("/v1/transforms/{name}/logs", get(transforms::logs))
        .route("/v1/transforms/{name}/rejected", get(rejected::list))
        .route(
            "/v1/transforms/{name}/rejected/{partition}/{offset}",
            get(rejected::show),
        )
        .route(
            "/v1/transforms/{name}/redrives",
            get(redrives::list)
                .post(redrives::begin)
                .delete(redrives::cancel),
        )
        .route("/v1/transforms/{name}/module", get(redrives::module))
        .route("/v1/tables", get(tables::list))
        .route("/v1/tables/{topic}", get(tables::show))
        .route("/v1/tables/{topic}/row", get(tables::row))
        .route("/v1/host", get(info))
        .route("/v1/topics", post(forms::create_topic))
        .route("/metrics", get(health::metrics))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(guard::sized))
        .layer(middleware::from_fn(guard::bounded))
        .layer(middleware::from_fn(guard::local_only))
        .with_state(served)
}

async fn info(State(served): State<Served>) -> Json<HostInfo> {
    let host = &served.host;
    Json(HostInfo {
        id: host.id().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        brokers: host.brokers().to_owned(),
        embedded: host.is_embedded(),
        prefix: host.prefix().to_owned(),
        hosts: host.hosts().into_iter().collect(),
    })
}

async fn unknown_path(request: Request) -> Refusal {
    let message = format!(
        "there is no {}: the API is described in docs/api.md",
        request.uri().path()
    );
    Refusal::new(404, api::code::NOT_FOUND, message)
}

async fn unknown_method(method: Method, request: Request) -> Refusal {
    let message = format!("{} does not take {method}", request.uri().path());
    Refusal::new(405, api::code::METHOD_NOT_ALLOWED, message)
}

pub(crate) use rejected::detail as rejected_detail;

type Answer<T> = Result<T, Refusal>;
type Any = Answer<Response>;
