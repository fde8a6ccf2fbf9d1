//! What can be asked of transforms: list, describe, delete, logs.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use millstream_host::logs::Line;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    Answer, Any, Served, answers,
    error::Refusal,
    forms::{Parameters, words},
};
use crate::api::{DeleteQuery, Deleted, LINES_TYPE, LogsQuery, TransformDetail, TransformList};

/// Lines that are shown where nobody says how many.
const TAIL: usize = 100;
/// After so long without a line followers get an empty one: connections that stand still are closed.
const QUIET: Duration = Duration::from_secs(60);

/// A transform's name from the path. What cannot be one is the name of none.
pub(super) type Name = Result<Path<String>, PathRejection>;

pub(super) fn named(name: Name) -> Answer<String> {
    name.map(|Path(name)| name)
        .map_err(|error| Refusal::bad_request(error.body_text()))
}

pub async fn list(State(served): State<Served>) -> Answer<Json<TransformList>> {
    served.host.caught_up()?;
    Ok(Json(TransformList {
        host: served.host.id().to_owned(),
        hosts: served.host.hosts().into_iter().collect(),
        transforms: served.host.list().iter().map(answers::transform).collect(),
    }))
}

pub async fn describe(State(served): State<Served>, name: Name) -> Answer<Json<TransformDetail>> {
    let name = named(name)?;
    served.host.caught_up()?;
    let detail = served
        .host
        .describe(&name)
        .ok_or_else(|| Refusal::unknown_transform(&name))?;
    Ok(Json(answers::detail(&served.host, detail)))
}

pub async fn delete(
    State(served): State<Served>,
    name: Name,
    Parameters(query): Parameters<DeleteQuery>,
) -> Answer<Json<Deleted>> {
    let name = named(name)?;
    words(&query.request_id, &query.by)?;
    let host = served.host.clone();
    // On a task of its own: a client that hangs up must not leave it half done.
    let deleted = tokio::spawn(async move {
        host.delete(&name, query.offsets, query.request_id, query.by.as_deref())
            .await
    })
    .await
    .map_err(|_| {
        Refusal::new(
            500,
            crate::api::code::INTERNAL,
            "a bug in the host: its log says more",
        )
    })??;
    Ok(Json(Deleted {
        name: deleted.revision.name.clone(),
        revision: deleted.revision.number,
        offsets_deleted: deleted.offsets_deleted,
        warnings: deleted.warnings,
    }))
}

pub async fn logs(
    State(served): State<Served>,
    name: Name,
    Parameters(query): Parameters<LogsQuery>,
) -> Any {
    let name = named(name)?;
    served.host.caught_up()?;
    let tail = query.tail.unwrap_or(TAIL);
    let unknown = || Refusal::unknown_transform(&name);
    if !query.follow {
        let lines = served.host.logs(&name, tail).ok_or_else(unknown)?;
        return Ok(stream_of(Body::from(
            lines.iter().map(json_line).collect::<String>(),
        )));
    }
    let (before, after) = served.host.follow_logs(&name, tail).ok_or_else(unknown)?;
    let before = stream::iter(before.into_iter().map(|line| json_line(&line)));
    let lines = before.chain(follow(Arc::from(name), after));
    Ok(stream_of(Body::from_stream(lines.map(Ok::<_, Infallible>))))
}

fn stream_of(body: Body) -> Response {
    ([(header::CONTENT_TYPE, LINES_TYPE)], body).into_response()
}

fn json_line(line: &Line) -> String {
    // A log line has a JSON form whatever is in it.
    let mut text = serde_json::to_string(&answers::line(line)).unwrap_or_default();
    text.push('\n');
    text
}

fn follow(name: Arc<str>, receiver: Receiver<Line>) -> impl stream::Stream<Item = String> {
    stream::unfold((name, receiver), |(name, mut receiver)| async move {
        let mut quiet = pin!(tokio::time::sleep(QUIET));
        loop {
            let received = tokio::select! {
                received = receiver.recv() => received,
                () = &mut quiet => return Some(("\n".to_owned(), (name, receiver))),
            };
            match received {
                Ok(line) if line.transform == name => {
                    return Some((json_line(&line), (name, receiver)));
                }
                // A follower that is too slow misses lines; it can ask for them again.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
