//! Dead letters: the latest ones, and one in full.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use millstream_host::host::{Letter, LetterFilter};

use super::{
    Answer, Served, answers,
    error::Refusal,
    forms::Parameters,
    transforms::{Name, named},
};
use crate::api::{RejectedDetail, RejectedList, RejectedQuery, RejectedRecord};

/// Letters where nobody says how many.
const LIMIT: usize = 50;
/// An answer is in memory all at once.
const MOST: usize = 10_000;

pub async fn list(
    State(served): State<Served>,
    name: Name,
    Parameters(query): Parameters<RejectedQuery>,
) -> Answer<Json<RejectedList>> {
    let name = named(name)?;
    served.host.caught_up()?;
    let filter = LetterFilter {
        code: query.code,
        most: query.limit.unwrap_or(LIMIT).min(MOST),
    };
    let (topic, letters) = served.host.letters(&name, &filter).await?;
    Ok(Json(RejectedList {
        topic,
        records: letters.iter().map(summary).collect(),
    }))
}

pub async fn show(
    State(served): State<Served>,
    path: Result<Path<(String, i32, i64)>, PathRejection>,
) -> Answer<Json<RejectedDetail>> {
    let Path((name, partition, offset)) =
        path.map_err(|error| Refusal::bad_request(error.body_text()))?;
    served.host.caught_up()?;
    let letter = served.host.letter(&name, partition, offset).await?;
    Ok(Json(detail(&letter)))
}

/// One in full.
pub fn detail(letter: &Letter) -> RejectedDetail {
    let base64 = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| BASE64.encode(bytes));
    let record = &letter.record;
    RejectedDetail {
        key_base64: base64(&record.key),
        value_base64: base64(&record.value),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), base64(value)))
            .collect(),
        record: summary(letter),
    }
}

fn summary(letter: &Letter) -> RejectedRecord {
    let text = |name: &str| letter.told(name).unwrap_or_default().to_owned();
    let record = &letter.record;
    RejectedRecord {
        partition: letter.partition,
        offset: record.offset,
        time: (record.timestamp >= 0).then(|| answers::millis(record.timestamp)),
        source_topic: text("topic"),
        source_partition: text("partition"),
        source_offset: text("offset"),
        code: text("code"),
        reason: text("reason"),
        attempts: text("attempts"),
        revision: text("revision"),
        value_size: letter.value_size,
    }
}
