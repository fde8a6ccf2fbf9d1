//! What is not public otherwise, for fuzzing alone.

use axum::Router;
use millstream_host::host::{Host, Letter};

use crate::{api::RejectedDetail, commands, server};

/// The HTTP API of a host, without the connection that requests come on.
pub fn router(host: Host) -> Router {
    server::router(host)
}

/// A dead letter on its way to a person: as the host answers, as the client reads it, as `rejected show` and `rejected list`
/// print it.
///
/// # Panics
/// If the client cannot read what the host answers.
#[must_use]
pub fn shown(letter: &Letter) -> (String, Vec<String>) {
    let answer = serde_json::to_string(&server::rejected_detail(letter)).expect("JSON");
    let detail: RejectedDetail = serde_json::from_str(&answer).expect("the host's own answer");
    let text = commands::rejected::text(&detail).expect("base64 of the host");
    (text, commands::rejected::cells(&detail.record).to_vec())
}
