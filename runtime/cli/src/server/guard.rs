//! What every request has to pass: it comes for this machine, from no foreign page, and it ends.

mod local;
mod timed;

use std::panic::AssertUnwindSafe;

use axum::{
    extract::Request,
    http::{Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;

pub use local::{is_loopback_name, is_own_origin};
pub use timed::Timed;

use super::{REQUEST_WITHIN, UPLOAD_LIMIT, error::Refusal};
use crate::api::{BODY_LIMIT, code};

/// Refuses requests that a foreign page or a rebound name has brought about. A page that a local browser shows may send
/// requests to loopback addresses; its Origin gives it away, and where a name of its own was pointed here, the Host does.
pub async fn local_only(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let Some(host) = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
    else {
        return Refusal::bad_request("the request has no Host header").into_response();
    };
    if !is_loopback_name(host) {
        let message = format!(
            "the Host header says {host:?}: this API is served to this machine alone, as localhost or 127.0.0.1"
        );
        return Refusal::new(403, code::FORBIDDEN, message).into_response();
    }
    for origin in headers.get_all(header::ORIGIN) {
        if !origin
            .to_str()
            .is_ok_and(|origin| is_own_origin(origin, host))
        {
            let message = "the Origin header names another site: web pages may not use this API";
            return Refusal::new(403, code::FORBIDDEN, message).into_response();
        }
    }
    next.run(request).await
}

/// Refuses a body whose announced length is over the limit, before any of it has come. What is announced wrongly, or not at
/// all, is counted as it is read.
pub async fn sized(request: Request, next: Next) -> Response {
    let limit = match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/transforms") => UPLOAD_LIMIT,
        _ => BODY_LIMIT,
    };
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        let message =
            format!("the body has more than {limit} bytes, the most that a host takes here");
        return Refusal::too_large(message).into_response();
    }
    next.run(request).await
}

/// A request ends: with an answer, after a while, or as an error if the host has a bug.
pub async fn bounded(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let answered = AssertUnwindSafe(tokio::time::timeout(REQUEST_WITHIN, next.run(request)))
        .catch_unwind()
        .await;
    match answered {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            let message = format!("the request took more than {} s", REQUEST_WITHIN.as_secs());
            Refusal::new(408, code::TIMEOUT, message).into_response()
        }
        Err(_) => {
            tracing::error!(
                path,
                "a bug in the host: a request panicked; the log has the place"
            );
            let message = "a bug in the host: its log says more";
            Refusal::new(500, code::INTERNAL, message).into_response()
        }
    }
}
