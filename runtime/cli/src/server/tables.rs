//! Tables: which there are, how far they are, and a row of one.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use millstream_host::tables::Group;

use super::{
    Answer, Served, answers,
    error::Refusal,
    forms::Parameters,
    transforms::{Name, named},
};
use crate::api::{self, RowQuery, TableList, code};

pub async fn list(State(served): State<Served>) -> Answer<Json<TableList>> {
    served.host.caught_up()?;
    let tables = served.host.tables();
    Ok(Json(TableList {
        host: served.host.id().to_owned(),
        tables: tables
            .iter()
            .map(|(table, transforms)| answers::table(table, transforms))
            .collect(),
    }))
}

pub async fn show(State(served): State<Served>, topic: Name) -> Answer<Json<api::Table>> {
    let (table, transforms) = find(&served, topic)?;
    Ok(Json(answers::table(&table, &transforms)))
}

pub async fn row(
    State(served): State<Served>,
    topic: Name,
    Parameters(query): Parameters<RowQuery>,
) -> Answer<Json<api::Row>> {
    let (table, _) = find(&served, topic)?;
    let key = BASE64
        .decode(&query.key_base64)
        .map_err(|error| Refusal::bad_request(format!("key-base64 is not base64: {error}")))?;
    let topic = table.topic();
    // A row may have to be fetched from the disk.
    let looked = tokio::task::spawn_blocking({
        let table = table.clone();
        move || table.get(&key)
    });
    match looked
        .await
        .map_err(|error| Refusal::new(500, code::INTERNAL, error.to_string()))?
    {
        Ok(Some(value)) => Ok(Json(api::Row {
            topic: topic.to_owned(),
            value_base64: BASE64.encode(value),
        })),
        Ok(None) => {
            let message = format!("the table of {topic:?} has no row under this key");
            Err(Refusal::new(404, code::UNKNOWN_ROW, message))
        }
        Err(error) => Err(Refusal::new(503, code::NOT_READY, error.to_string())),
    }
}

fn find(served: &Served, topic: Name) -> Answer<(Group, BTreeSet<String>)> {
    let topic = named(topic)?;
    served.host.caught_up()?;
    served.host.table(&topic).ok_or_else(|| {
        let message = format!(
            "no transform looks into a table of the topic {topic:?}: `millstream table list` shows those that there are"
        );
        Refusal::new(404, code::UNKNOWN_TABLE, message)
    })
}
