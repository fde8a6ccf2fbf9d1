//! The server through a real socket, on a host whose brokers are away: what does not need them has to work all the same.

use std::{net::SocketAddr, time::Duration};

use millstream_engine::EngineConfig;
use millstream_host::host::{Host, HostConfig};
use millstream_kafka::settings::Settings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::api::{BODY_LIMIT, MODULE_LIMIT};

/// The discard port: nobody listens there.
const NO_BROKER: &str = "127.0.0.1:9";

async fn server() -> SocketAddr {
    let config = HostConfig {
        settings: Settings::new(NO_BROKER, &[]).unwrap(),
        embedded: None,
        modules_folder: None,
        prefix: "millstream".to_owned(),
        host_id: "test".to_owned(),
        engine: EngineConfig {
            max_instances: 4,
            ..EngineConfig::default()
        },
        workers: 1,
        in_flight: 1 << 20,
        table_memory: millstream_host::tables::DEFAULT_ROOM,
        table_disk: None,
        native_guests: None,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(super::serve(
        listener,
        Host::new(config).unwrap(),
        std::future::pending(),
    ));
    address
}

async fn send(address: SocketAddr, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{head}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses early stops reading; its answer counts.
    let _ = stream.write_all(body).await;
    stream
}

async fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..count]);
        }
    });
    read.await.expect("an answer in time");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (
        text.get(9..12)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0),
        text,
    )
}

async fn ask(address: SocketAddr, head: &str, body: &[u8]) -> (u16, String) {
    answer(send(address, head, body).await).await
}

fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n")
}

fn post(path: &str, content_type: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
    )
}

fn has(answer: &(u16, String), status: u16, code: &str) {
    assert_eq!(answer.0, status, "{}", answer.1);
    assert!(
        answer.1.contains(&format!("\"code\":\"{code}\"")),
        "{}",
        answer.1
    );
}

const FORM: &str = "multipart/form-data; boundary=X";

fn part(name: &str, content_type: &str, contents: &str) -> String {
    format!(
        "--X\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"dir/{name}.x\"\r\nContent-Type: {content_type}\r\n\r\n{contents}\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lives_without_brokers_and_says_that_it_is_not_ready() {
    let address = server().await;
    assert_eq!(
        ask(address, &get("/healthz", "localhost"), b"").await.0,
        200
    );
    let ready = ask(address, &get("/readyz", "localhost"), b"").await;
    assert_eq!(ready.0, 503);
    assert!(ready.1.contains(NO_BROKER), "{}", ready.1);
    has(
        &ask(address, &get("/v1/transforms", "localhost"), b"").await,
        503,
        "broker",
    );
    let metrics = ask(address, &get("/metrics", "localhost"), b"").await;
    assert!(metrics.1.contains("millstream_build_info"), "{}", metrics.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_names_and_foreign_pages_are_refused() {
    let address = server().await;
    has(
        &ask(address, &get("/v1/host", "evil.com"), b"").await,
        403,
        "forbidden",
    );
    has(
        &ask(address, "GET /v1/host HTTP/1.0\r\n", b"").await,
        400,
        "bad-request",
    );
    let foreign = format!(
        "{}Origin: http://evil.com\r\n",
        get("/v1/host", "localhost")
    );
    has(&ask(address, &foreign, b"").await, 403, "forbidden");
    let own = format!(
        "{}Origin: http://127.0.0.1:7411\r\n",
        get("/v1/host", "127.0.0.1:7411")
    );
    assert_eq!(ask(address, &own, b"").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_told_in_json() {
    let address = server().await;
    has(
        &ask(address, &get("/nope", "localhost"), b"").await,
        404,
        "not-found",
    );
    has(
        &ask(address, "PUT /v1/host HTTP/1.1\r\nHost: localhost\r\n", b"").await,
        405,
        "method-not-allowed",
    );
    let query = ask(
        address,
        &get("/v1/transforms/a/logs?tial=3", "localhost"),
        b"",
    )
    .await;
    has(&query, 400, "bad-request");
    assert!(query.1.contains("tial"), "{}", query.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_types_are_demanded_of_bodies_and_of_parts() {
    let address = server().await;
    has(
        &ask(address, &post("/v1/topics", "text/plain", 2), b"{}").await,
        415,
        "unsupported-media-type",
    );
    has(
        &ask(
            address,
            &post("/v1/transforms", "application/wasm", 1),
            b"x",
        )
        .await,
        415,
        "unsupported-media-type",
    );
    let form = format!("{}--X--\r\n", part("manifest", "text/plain", "name = 1"));
    let wrong = ask(
        address,
        &post("/v1/transforms", FORM, form.len()),
        form.as_bytes(),
    )
    .await;
    has(&wrong, 415, "unsupported-media-type");
    assert!(wrong.1.contains("application/toml"), "{}", wrong.1);
    has(
        &ask(address, &post("/v1/topics", "application/json", 2), b"{}").await,
        400,
        "bad-request",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_parts_is_refused_by_name() {
    let address = server().await;
    for (form, missing) in [
        ("--X--\r\n".to_owned(), "manifest"),
        (
            format!(
                "{}--X--\r\n",
                part("manifest", "application/toml", "name = 1")
            ),
            "module",
        ),
        (
            format!("{}--X--\r\n", part("other", "text/plain", "x")),
            "other",
        ),
    ] {
        let refused = ask(
            address,
            &post("/v1/transforms", FORM, form.len()),
            form.as_bytes(),
        )
        .await;
        has(&refused, 400, "bad-request");
        assert!(refused.1.contains(missing), "{}", refused.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_past_their_limits_are_refused() {
    let address = server().await;
    let json = vec![b' '; BODY_LIMIT + 1];
    has(
        &ask(
            address,
            &post("/v1/topics", "application/json", json.len()),
            &json,
        )
        .await,
        413,
        "too-large",
    );
    let manifest = format!(
        "{}--X--\r\n",
        part("manifest", "application/toml", &"#".repeat(BODY_LIMIT + 1))
    );
    has(
        &ask(
            address,
            &post("/v1/transforms", FORM, manifest.len()),
            manifest.as_bytes(),
        )
        .await,
        413,
        "too-large",
    );
    let module = format!(
        "{}--X--\r\n",
        part("module", "application/wasm", &"x".repeat(MODULE_LIMIT + 1))
    );
    let large = ask(
        address,
        &post("/v1/transforms", FORM, module.len()),
        module.as_bytes(),
    )
    .await;
    has(&large, 413, "too-large");
    assert!(
        large.1.contains("module.x") && large.1.contains("67108864"),
        "{}",
        large.1
    );
}

/// An upload whose body is waited for: the server asks for it once it has taken the request on.
async fn waited_for(address: SocketAddr) -> TcpStream {
    let head = post("/v1/transforms", FORM, 10_000) + "Expect: 100-continue\r\n";
    let mut stream = send(address, &head, b"").await;
    let mut line = [0; 25];
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_exact(&mut line));
    read.await.expect("an answer in time").unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_upload_at_a_time_is_turned_away_and_let_in_later() {
    let address = server().await;
    let uploads = [waited_for(address).await, waited_for(address).await];
    let form = format!(
        "{}--X--\r\n",
        part("manifest", "application/toml", "name = 1")
    );
    let head = post("/v1/transforms", FORM, form.len());
    let third = || ask(address, &head, form.as_bytes());
    let turned_away = third().await;
    has(&turned_away, 429, "busy");
    assert!(
        turned_away.1.to_lowercase().contains("retry-after: "),
        "{}",
        turned_away.1
    );
    drop(uploads);
    let waited = std::time::Instant::now();
    while third().await.0 == 429 {
        assert!(
            waited.elapsed() < Duration::from_secs(30),
            "nobody is let in any more"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requests_id_and_a_name_have_to_be_there_wherever_they_are_taken() {
    let address = server().await;
    let long = "x".repeat(201);
    for parameter in ["request-id=", "by=", &format!("by={long}")] {
        for path in ["/v1/transforms/a", "/v1/transforms/a/redrives"] {
            let head = format!("DELETE {path}?{parameter} HTTP/1.1\r\nHost: localhost\r\n");
            let refused = ask(address, &head, b"").await;
            has(&refused, 400, "bad-request");
            assert!(refused.1.contains("between 1 and 200"), "{}", refused.1);
        }
    }
    let body = br#"{"request-id": ""}"#;
    let head = post("/v1/transforms/a/redrives", "application/json", body.len());
    let refused = ask(address, &head, body).await;
    has(&refused, 400, "bad-request");
    assert!(refused.1.contains("between 1 and 200"), "{}", refused.1);
}
