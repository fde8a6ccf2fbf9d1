//! Redrives: begin one, stop it, see how they went; and the module that a transform runs, to try letters out on.

use std::future::Future;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use millstream_host::{
    deployments::redrive::{Chosen, Redrive},
    host::RedriveError,
};

use super::{
    Answer, Any, Served, answers,
    error::Refusal,
    forms::{Parameters, json, words},
    transforms::{Name, named},
};
use crate::api::{self, MODULE_TYPE, RedriveCancel, RedriveList, RedriveRequest};

pub async fn begin(
    State(served): State<Served>,
    name: Name,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Any {
    let name = named(name)?;
    let asked: RedriveRequest = json(&headers, body)?;
    words(&asked.request_id, &asked.by)?;
    let chosen = Chosen {
        code: asked.code,
        places: asked.places.into_iter().collect(),
        again: asked.again,
    };
    let redrive = whole(async move {
        let host = served.host;
        host.redrive(&name, chosen, asked.request_id, asked.by.as_deref())
            .await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(answer(&redrive))).into_response())
}

pub async fn cancel(
    State(served): State<Served>,
    name: Name,
    Parameters(query): Parameters<RedriveCancel>,
) -> Answer<Json<api::Redrive>> {
    let name = named(name)?;
    words(&query.request_id, &query.by)?;
    let redrive = whole(async move {
        let host = served.host;
        host.cancel_redrive(&name, query.request_id, query.by.as_deref())
            .await
    })
    .await?;
    Ok(Json(answer(&redrive)))
}

pub async fn list(State(served): State<Served>, name: Name) -> Answer<Json<RedriveList>> {
    let name = named(name)?;
    served.host.caught_up()?;
    let redrives = served.host.redrives(&name).await?;
    let one = |status: &millstream_host::host::RedriveStatus| {
        let (here, reason) = match &status.here {
            Some((state, reason)) => (Some(answers::state(*state)), reason.clone()),
            None => (None, None),
        };
        api::Redrive {
            remaining: Some(status.remaining()),
            here,
            reason,
            ..answer(&status.redrive)
        }
    };
    Ok(Json(RedriveList {
        redrives: redrives.iter().map(one).collect(),
    }))
}

pub async fn module(State(served): State<Served>, name: Name) -> Any {
    let name = named(name)?;
    served.host.caught_up()?;
    let bytes = served.host.module(&name).await?;
    Ok(([(header::CONTENT_TYPE, MODULE_TYPE)], bytes).into_response())
}

/// On a task of its own: a client that hangs up must not leave it half done.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, RedriveError>> + Send + 'static,
) -> Answer<T> {
    let done = tokio::spawn(work).await.map_err(|_| {
        let bug = "a bug in the host: its log says more";
        Refusal::new(500, api::code::INTERNAL, bug)
    })?;
    Ok(done?)
}

fn answer(redrive: &Redrive) -> api::Redrive {
    let places = redrive.chosen.places.len() as u64;
    api::Redrive {
        number: redrive.number,
        state: redrive.state.as_str().to_owned(),
        at: answers::millis(redrive.at),
        by: redrive.by.clone(),
        topic: redrive.topic.clone(),
        code: redrive.chosen.code.clone(),
        places: (places > 0).then_some(places),
        ..api::Redrive::default()
    }
}
