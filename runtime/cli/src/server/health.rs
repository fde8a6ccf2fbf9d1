//! `/healthz`, `/readyz` and `/metrics`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{Any, Served, error::Refusal};
use crate::api::{Health, code};

/// The process lives, no lane is stuck and all that runs in the background does. Brokers that are away are no reason to start it anew.
pub async fn alive(State(served): State<Served>) -> Response {
    health(served.host.stuck())
}

/// It has read what is deployed, and brokers answer.
pub async fn ready(State(served): State<Served>) -> Response {
    health(
        served
            .host
            .ready()
            .err()
            .map(|why| why.to_string())
            .into_iter()
            .collect(),
    )
}

fn health(problems: Vec<String>) -> Response {
    let status = if problems.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Health {
            ok: problems.is_empty(),
            problems,
        }),
    )
        .into_response()
}

pub async fn metrics(State(served): State<Served>) -> Any {
    match served.host.metrics() {
        Ok(text) => Ok((
            [(header::CONTENT_TYPE, millstream_host::metrics::CONTENT_TYPE)],
            text,
        )
            .into_response()),
        Err(_) => Err(Refusal::new(
            500,
            code::INTERNAL,
            "the metrics cannot be formatted: a bug in the host",
        )),
    }
}
