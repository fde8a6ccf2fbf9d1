//! What goes wrong between a client and a host, in words.

use std::error::Error;

use reqwest::{Response, StatusCode};

use super::Address;
use crate::api::{self, ApiError, ErrorBody};
use crate::output::{Complaint, escape};

/// Whether nobody listens at the address.
pub(super) fn is_refused(error: &reqwest::Error) -> bool {
    cause(error).is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
}

/// The host was not reached, or went away before it had answered.
pub(super) fn unanswered(address: &Address, error: &reqwest::Error) -> Complaint {
    let start = "start one with `millstream dev` (a broker of its own, to try things out) or \
                 `millstream serve --brokers HOST:PORT`,\nor say where it is with --server or MILLSTREAM_SERVER";
    if error.is_connect() {
        let reason = match cause(error) {
            Some(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
                "no host listens there".to_owned()
            }
            _ => innermost(error),
        };
        return Complaint::new(
            address.to_string(),
            format!("cannot reach a Millstream host: {reason}"),
        )
        .help(start);
    }
    if error.is_timeout() {
        return Complaint::new(address.to_string(), "the host did not answer in time")
            .help("look at the host's own log; `millstream list` shows whether the request was carried out");
    }
    Complaint::new(address.to_string(), format!("the connection was lost: {}", innermost(error)))
        .help("look at whether the host still runs; `millstream list` shows whether the request was carried out")
}

/// The host answered with an error.
pub(super) async fn refused(address: &Address, response: Response) -> Complaint {
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let Ok(ErrorBody { error }) = serde_json::from_str::<ErrorBody>(&text) else {
        return Complaint::new(
            address.to_string(),
            format!("answered {status}, not as a Millstream host does"),
        )
        .help("check that the address is a Millstream host's");
    };
    // The message of a host repeats the one thing that is wrong, so that other clients need not look at the items.
    let mut complaint = match error.items.as_slice() {
        [only] => Complaint::new(escape(&only.item), escape(&only.message)),
        items => items.iter().fold(
            Complaint::new("", escape(&error.message)),
            |complaint, item| {
                complaint.detail(format!("{}: {}", escape(&item.item), escape(&item.message)))
            },
        ),
    };
    complaint = complaint.code(&error.code);
    match remedy(&error, status) {
        Some(remedy) => complaint.help(remedy),
        None => complaint,
    }
}

/// What the client can add to a message that the host wrote without knowing how it was asked.
fn remedy(error: &ApiError, status: StatusCode) -> Option<&'static str> {
    match error.code.as_str() {
        api::code::CONFLICT => Some(
            "`millstream describe` shows the revision that is live; deploy again if yours is still meant",
        ),
        api::code::BUSY => Some("others are uploading: try again in a moment"),
        api::code::NOT_READY => {
            Some("the host has only just started or is stopping: try again in a moment")
        }
        _ if status.is_server_error() => Some("the host's own log says more"),
        _ => None,
    }
}

fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e std::io::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
