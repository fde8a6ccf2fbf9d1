//! Reading what requests carry, with errors in the one form that all errors have.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, Query, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use millstream_host::names;
use serde::de::DeserializeOwned;

use super::{Answer, Any, Served, error::Refusal};
use crate::api::{BODY_LIMIT, CreateTopic, TopicCreated, code};

/// More partitions than that are a slip of the finger, and many brokers' limit.
const PARTITIONS_LIMIT: i32 = 10_000;
/// What the embedded broker gives a topic.
const EMBEDDED_PARTITIONS: i32 = 4;

/// What a request's id and a person's name may be.
const WORD_LIMIT: usize = 200;

/// Looks whether these are fit to be kept.
pub fn words(request_id: &Option<String>, by: &Option<String>) -> Answer<()> {
    for (parameter, word) in [("request-id", request_id), ("by", by)] {
        if word
            .as_ref()
            .is_some_and(|word| word.is_empty() || word.len() > WORD_LIMIT)
        {
            return Err(Refusal::bad_request(format!(
                "{parameter} has to have between 1 and {WORD_LIMIT} bytes"
            )));
        }
    }
    Ok(())
}

/// Query parameters, strictly: an unknown one is refused by name.
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Parameters(query)),
            Err(error) => Err(Refusal::bad_request(format!(
                "the query parameters of {} are wrong: {}",
                parts.uri.path(),
                error.body_text()
            ))),
        }
    }
}

/// The part of a content type before its parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let whole = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    whole
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// A JSON body.
pub fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<T> {
    let found = media_type(headers);
    if found != "application/json" {
        return Err(Refusal::unsupported(format!(
            "the body has to be application/json, not {found:?}"
        )));
    }
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Refusal::too_large(format!("the body has more than {BODY_LIMIT} bytes"))
        }
        _ => Refusal::bad_request(format!("the body could not be read: {}", error.body_text())),
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        Refusal::bad_request(format!("the body is not what it has to be: {error}"))
    })
}

pub async fn create_topic(
    State(served): State<Served>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Any {
    let CreateTopic { name, partitions } = json(&headers, body)?;
    let invalid = |why: String| Refusal::new(422, code::INVALID_TOPIC, why);
    names::check_topic(&name).map_err(invalid)?;
    names::check_not_reserved(&name, served.host.prefix()).map_err(invalid)?;
    if let Some(wrong) =
        partitions.filter(|partitions| !(1..=PARTITIONS_LIMIT).contains(partitions))
    {
        return Err(invalid(format!(
            "a topic has between 1 and {PARTITIONS_LIMIT} partitions, not {wrong}"
        )));
    }
    served.host.ready()?;
    let asked = partitions.unwrap_or(if served.host.is_embedded() {
        EMBEDDED_PARTITIONS
    } else {
        -1
    });
    let broker = |error: millstream_kafka::error::KafkaError| {
        Refusal::new(503, code::BROKER, error.to_string())
    };
    if !served
        .host
        .create_topic(&name, asked)
        .await
        .map_err(broker)?
    {
        return Err(Refusal::new(
            409,
            code::TOPIC_EXISTS,
            format!("the topic {name:?} exists already"),
        ));
    }
    let made = match partitions {
        Some(partitions) => partitions,
        None => served
            .host
            .partitions(&name)
            .await
            .map_err(broker)?
            .unwrap_or(asked),
    };
    let partitions = u32::try_from(made).unwrap_or(0);
    Ok((StatusCode::CREATED, Json(TopicCreated { name, partitions })).into_response())
}
