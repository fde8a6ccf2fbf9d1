//! `POST /v1/transforms`: a form with a manifest and a module.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
    response::IntoResponse,
};
use millstream_host::host::Upload;

use super::{
    Answer, Any, Served, answers,
    error::Refusal,
    forms::{Parameters, media_type, words},
};
use crate::api::{BODY_LIMIT, DeployQuery, MANIFEST_TYPE, MODULE_LIMIT, MODULE_TYPE, code};

/// What problems call a manifest that came without a file's name.
const MANIFEST: &str = "millstream.toml";
pub async fn deploy(
    State(served): State<Served>,
    Parameters(query): Parameters<DeployQuery>,
    request: Request,
) -> Any {
    words(&query.request_id, &query.by)?;
    let found = media_type(request.headers());
    if found != "multipart/form-data" {
        return Err(Refusal::unsupported(format!(
            "an upload has to be multipart/form-data with a part \"manifest\" and a part \"module\", not {found:?}"
        )));
    }
    // Before the body is read: whoever has to wait waits with it.
    let Ok(place) = Arc::clone(&served.uploads).try_acquire_owned() else {
        return Err(Refusal::new(
            429,
            code::BUSY,
            "two uploads are being checked already: try again in a moment",
        ));
    };
    let form = Multipart::from_request(request, &())
        .await
        .map_err(|error| {
            Refusal::bad_request(format!("the form cannot be read: {}", error.body_text()))
        })?;
    let (file, text, modules) = parts(form).await?;
    let upload = Upload {
        file,
        text,
        modules,
        create_topics: query.create_topics,
        expected_revision: query.expected_revision,
        request_id: query.request_id,
        by: query.by,
    };
    // On a task of its own: a client that hangs up must not leave a deploy half done. Its place is taken for as long as that takes.
    let host = served.host.clone();
    let deploying = async move {
        let _place = place;
        host.deploy(upload).await
    };
    let deployed = tokio::spawn(deploying)
        .await
        .map_err(|_| Refusal::new(500, code::INTERNAL, "a bug in the host: its log says more"))??;
    let status = if deployed.unchanged {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(answers::deployed(deployed))).into_response())
}

type Parts = (String, String, Vec<(String, Vec<u8>)>);

async fn parts(mut form: Multipart) -> Answer<Parts> {
    let mut manifest = None;
    let mut modules = Vec::new();
    let unread = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Refusal::too_large(format!("a module has at most {MODULE_LIMIT} bytes"))
        }
        _ => Refusal::bad_request(format!("the form cannot be read: {}", error.body_text())),
    };
    while let Some(field) = form.next_field().await.map_err(unread)? {
        let file = field.file_name().map(base_name);
        match field.name().unwrap_or_default() {
            "manifest" if manifest.is_some() => {
                return Err(Refusal::bad_request(
                    "the form has two parts \"manifest\": send one",
                ));
            }
            "manifest" => {
                demand_type(&field, MANIFEST_TYPE)?;
                let bytes = read(field, BODY_LIMIT, "the manifest", unread).await?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| Refusal::bad_request("the manifest is not UTF-8"))?;
                manifest = Some((file.unwrap_or_else(|| MANIFEST.to_owned()), text));
            }
            "module" => {
                demand_type(&field, MODULE_TYPE)?;
                if !modules.is_empty() {
                    return Err(Refusal::bad_request(
                        "the form has two parts \"module\": several steps are not supported by this version of Millstream",
                    ));
                }
                let file = file.unwrap_or_else(|| "module.wasm".to_owned());
                let bytes = read(field, MODULE_LIMIT, &file, unread).await?;
                modules.push((file, bytes));
            }
            other => {
                return Err(Refusal::bad_request(format!(
                    "the form has a part {other:?}: it has to have a part \"manifest\" and a part \"module\""
                )));
            }
        }
    }
    let (file, text) =
        manifest.ok_or_else(|| Refusal::bad_request("the form has no part \"manifest\""))?;
    if modules.is_empty() {
        return Err(Refusal::bad_request("the form has no part \"module\""));
    }
    Ok((file, text, modules))
}

/// A client's path means nothing here, and must not end up in messages as if it did.
fn base_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn demand_type(field: &Field<'_>, wanted: &str) -> Answer<()> {
    let found = field.content_type().unwrap_or_default();
    let media = found.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let name = field.name().unwrap_or_default();
    Err(Refusal::unsupported(format!(
        "the part {name:?} has to be {wanted}, not {found:?}"
    )))
}

async fn read(
    mut field: Field<'_>,
    limit: usize,
    what: &str,
    unread: impl Fn(MultipartError) -> Refusal,
) -> Answer<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(&unread)? {
        if bytes.len() + chunk.len() > limit {
            return Err(Refusal::too_large(format!(
                "{what} has more than {limit} bytes, the most that a host takes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
