//! Requests to the HTTP API, through all of its router, of a host that knows what is deployed and has no brokers: every answer
//! is in its form, and none is a bug's.
//!
//! `METHOD target` in the first line, a line for each header, an empty line, the body. The header `x-chunk` has the body come
//! in pieces of so many bytes.

use std::{
    convert::Infallible,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderName, HeaderValue, Method, Request, Uri},
    response::Response,
};
use futures_util::{FutureExt, StreamExt, stream};
use millstream_engine::EngineConfig;
use millstream_host::{
    deployments::{record::Revision, state::Deployments},
    host::{Host, HostConfig, fuzzing},
    logs::Line,
};
use millstream_kafka::settings::Settings;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::split;

/// The discard port: nobody listens there.
const NO_BROKER: &str = "127.0.0.1:9";
/// Nothing that a request can ask of such a host takes long.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// What is deployed, as it stands in the log.
const REVISION: &str = include_str!("http/revision.json");

struct World {
    runtime: Runtime,
    router: Router,
}

/// Any request.
pub fn run(data: &[u8]) {
    static WORLD: OnceLock<Mutex<World>> = OnceLock::new();
    let Some(request) = request(data) else { return };
    let world = WORLD.get_or_init(|| Mutex::new(World::new()));
    let world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = async {
        let response = world.router.clone().oneshot(request).await;
        judge(response.unwrap_or_else(|never: Infallible| match never {})).await;
    };
    world.runtime.block_on(async {
        let ended = tokio::time::timeout(ANSWERED_WITHIN, answered).await;
        ended.expect("an answer in time");
    });
}

impl World {
    fn new() -> World {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let host = runtime.block_on(async {
            let host = Host::new(HostConfig {
                settings: Settings::new(NO_BROKER, &[]).expect("settings"),
                embedded: None,
                modules_folder: None,
                prefix: "millstream".to_owned(),
                host_id: "fuzzed".to_owned(),
                engine: EngineConfig {
                    max_instances: 4,
                    ..EngineConfig::default()
                },
                workers: 1,
                in_flight: 1 << 20,
                table_memory: millstream_host::tables::DEFAULT_ROOM,
                table_disk: None,
                native_guests: None,
            });
            host.expect("a host")
        });
        let mut deployments = Deployments::default();
        let revision = Revision::decode(Some(b"route/1"), Some(REVISION.as_bytes()), 0);
        deployments.apply(revision.expect("a revision"));
        let line = br#"{"at":1,"level":"info","source":"guest","host":"h","revision":1,"message":"\u001b[2J"}"#;
        let line = Line::decode(Some(b"route"), Some(line)).expect("a line");
        fuzzing::catch_up(&host, deployments, vec![line; 3]);
        World {
            runtime,
            router: millstream::fuzzing::router(host),
        }
    }
}

/// `None`: it is no request at all.
fn request(data: &[u8]) -> Option<Request<Body>> {
    let (line, mut rest) = split(data, b'\n');
    let (method, target) = split(line, b' ');
    let uri: Uri = std::str::from_utf8(target).ok()?.parse().ok()?;
    if asks_brokers(uri.path()) {
        return None;
    }
    let mut request = Request::builder()
        .method(Method::from_bytes(method).ok()?)
        .uri(uri);
    let mut piece = usize::MAX;
    loop {
        let (line, behind) = split(rest, b'\n');
        rest = behind;
        if line.is_empty() {
            break;
        }
        let (name, value) = split(line, b':');
        let value = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"x-chunk") {
            piece = std::str::from_utf8(value).ok()?.parse().ok()?;
        }
        request = request.header(
            HeaderName::from_bytes(name).ok()?,
            HeaderValue::from_bytes(value).ok()?,
        );
    }
    let pieces: Vec<_> = rest
        .chunks(piece.clamp(1, rest.len().max(1)))
        .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)))
        .collect();
    request.body(Body::from_stream(stream::iter(pieces))).ok()
}

/// Dead letters of what is deployed are the one thing that such a host would wait for brokers for.
fn asks_brokers(path: &str) -> bool {
    let (mut plain, mut rest) = (Vec::new(), path.as_bytes());
    while let [byte, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *byte == b'%');
        let escaped = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    plain.starts_with(b"/v1/transforms/route/rejected")
}

async fn judge(response: Response) {
    let status = response.status();
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map(|value| value.to_str().expect("text").to_owned())
    };
    let form = header("content-type").unwrap_or_default();
    let allowed = header("allow");
    let body = if form == "application/x-ndjson" {
        // It may go on for as long as the client does.
        let mut stream = response.into_body().into_data_stream();
        let mut lines = Vec::new();
        while let Some(Some(piece)) = stream.next().now_or_never() {
            lines.extend_from_slice(&piece.expect("a piece"));
        }
        lines
    } else {
        let body = to_bytes(response.into_body(), usize::MAX).await;
        body.expect("a body").to_vec()
    };
    assert!(
        matches!(
            status.as_u16(),
            200 | 400 | 403 | 404 | 405 | 408 | 413 | 415 | 422 | 503
        ),
        "{status}: {}",
        String::from_utf8_lossy(&body)
    );
    if status.is_success() {
        match form.as_str() {
            "application/json" => drop(serde_json::from_slice::<Value>(&body).expect("JSON")),
            "application/x-ndjson" => {
                for line in body
                    .split(|byte| *byte == b'\n')
                    .filter(|line| !line.is_empty())
                {
                    serde_json::from_slice::<Value>(line).expect("JSON");
                }
            }
            _ => drop(String::from_utf8(body).expect("text")),
        }
        return;
    }
    // An answer to HEAD has no body; `/healthz` and `/readyz` say what is amiss in theirs.
    if body.is_empty() {
        return;
    }
    let said: Value = serde_json::from_slice(&body).expect("JSON");
    if said.get("ok").is_some() {
        return;
    }
    let part = |name: &str| said["error"][name].as_str().expect("text").to_owned();
    assert!(!part("code").is_empty() && !part("message").is_empty());
    assert!(status != 405 || allowed.is_some(), "405 without Allow");
}
