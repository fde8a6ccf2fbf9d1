//! The HTTP API, and what it makes of requests that no decent client sends.

use millstream_tests::api::{Answer, Part, get, multipart, request, send_raw};
use millstream_tests::{Host, Kafka, guest};

struct Upload<'a> {
    manifest_type: Option<&'a str>,
    module_type: Option<&'a str>,
    module: &'a [u8],
    manifest: &'a str,
}

impl Default for Upload<'_> {
    fn default() -> Self {
        Self {
            manifest_type: Some("application/toml"),
            module_type: Some("application/wasm"),
            module: b"x",
            manifest: "name = 1",
        }
    }
}

impl Upload<'_> {
    fn post(&self, port: u16, headers: &[(&str, &str)]) -> Answer {
        let (content_type, body) = multipart(&[
            Part {
                name: "manifest",
                file: None,
                content_type: self.manifest_type,
                contents: self.manifest.as_bytes(),
            },
            Part {
                name: "module",
                file: Some("m.wasm"),
                content_type: self.module_type,
                contents: self.module,
            },
        ]);
        let mut all = vec![("Content-Type", content_type.as_str())];
        all.extend(headers);
        request(port, "POST", "/v1/transforms", &all, &body).unwrap()
    }
}

#[test]
fn only_requests_for_a_loopback_name_are_served() {
    let host = Host::fresh();
    let port = host.port;
    let ask = |host: &str| request(port, "GET", "/v1/host", &[("Host", host)], b"").unwrap();
    for name in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "LOCALHOST",
        "127.0.0.1:1234",
    ] {
        assert_eq!(ask(name).status, 200, "{name}");
    }
    for name in [
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "10.0.0.1",
        "",
        "localhost@example.com",
        "0.0.0.0",
    ] {
        let answer = ask(name);
        assert!([400, 403].contains(&answer.status), "{name}: {answer:?}");
    }
    ask("example.com").error(403, "forbidden");
    // Every path, metrics as well: a rebound name must learn nothing.
    for path in ["/metrics", "/v1/transforms", "/healthz"] {
        assert_eq!(
            request(port, "GET", path, &[("Host", "evil.example")], b"")
                .unwrap()
                .status,
            403,
            "{path}"
        );
    }
    let without = send_raw(port, b"GET /v1/host HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    assert!([400, 403].contains(&without.status), "{without:?}");
}

#[test]
fn requests_of_foreign_web_pages_are_refused() {
    let host = Host::fresh();
    let own = format!("http://127.0.0.1:{}", host.port);
    let ask = |origin: &str| {
        request(
            host.port,
            "GET",
            "/v1/transforms",
            &[("Origin", origin)],
            b"",
        )
        .unwrap()
    };
    assert_eq!(ask(&own).status, 200);
    for origin in [
        "http://example.com",
        "null",
        "https://127.0.0.1.example.com",
        "http://localhost:1",
        "garbage",
    ] {
        ask(origin).error(403, "forbidden");
    }
    Upload::default()
        .post(host.port, &[("Origin", "http://example.com")])
        .error(403, "forbidden");
    let answer = get(host.port, "/v1/host").unwrap();
    assert!(
        !answer
            .head
            .to_lowercase()
            .contains("access-control-allow-origin"),
        "{answer:?}"
    );
}

#[test]
fn content_types_are_demanded() {
    let host = Host::fresh();
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        request(host.port, "POST", "/v1/transforms", headers, body).unwrap()
    };
    post(&[], b"name = 1").error(415, "unsupported-media-type");
    post(&[("Content-Type", "application/json")], b"{}").error(415, "unsupported-media-type");
    post(&[("Content-Type", "text/plain")], b"x").error(415, "unsupported-media-type");
    let without_boundary = post(&[("Content-Type", "multipart/form-data")], b"x");
    assert!(
        [400, 415].contains(&without_boundary.status),
        "{without_boundary:?}"
    );
    for upload in [
        Upload {
            manifest_type: None,
            ..Upload::default()
        },
        Upload {
            manifest_type: Some("text/html"),
            ..Upload::default()
        },
        Upload {
            module_type: None,
            ..Upload::default()
        },
        Upload {
            module_type: Some("image/png"),
            ..Upload::default()
        },
    ] {
        upload
            .post(host.port, &[])
            .error(415, "unsupported-media-type");
    }
    let topic = |headers: &[(&str, &str)], body: &[u8]| {
        request(host.port, "POST", "/v1/topics", headers, body).unwrap()
    };
    topic(
        &[("Content-Type", "text/plain")],
        br#"{"name":"x","partitions":1}"#,
    )
    .error(415, "unsupported-media-type");
    topic(&[("Content-Type", "application/json")], br#"{"name":"#).error(400, "bad-request");
    topic(
        &[("Content-Type", "application/json")],
        br#"{"name":"x","partitions":1,"more":2}"#,
    )
    .error(400, "bad-request");
    topic(
        &[("Content-Type", "application/json")],
        br#"{"name":"a/b","partitions":1}"#,
    )
    .error(422, "invalid-topic");
    topic(
        &[("Content-Type", "application/json")],
        br#"{"name":"x","partitions":-5}"#,
    )
    .error(422, "invalid-topic");
}

#[test]
fn forms_without_their_parts_are_refused_by_name() {
    let host = Host::fresh();
    let post = |parts: &[Part<'_>]| {
        let (content_type, body) = multipart(parts);
        request(
            host.port,
            "POST",
            "/v1/transforms",
            &[("Content-Type", &content_type)],
            &body,
        )
        .unwrap()
    };
    let manifest = Part {
        name: "manifest",
        file: None,
        content_type: Some("application/toml"),
        contents: b"name = 'a'",
    };
    let module = Part {
        name: "module",
        file: Some("m.wasm"),
        content_type: Some("application/wasm"),
        contents: b"x",
    };
    let odd = Part {
        name: "extra",
        file: None,
        content_type: Some("text/plain"),
        contents: b"x",
    };
    assert!(post(&[]).error(400, "bad-request").contains("manifest"));
    assert!(
        post(std::slice::from_ref(&module))
            .error(400, "bad-request")
            .contains("manifest")
    );
    assert!(post(std::slice::from_ref(&manifest)).status >= 400);
    assert!(
        post(&[odd, manifest, module])
            .error(400, "bad-request")
            .contains("extra")
    );
    let latin = Upload {
        manifest: "name = \"\u{e9}\"",
        ..Upload::default()
    };
    latin.post(host.port, &[]).error(422, "invalid-deployment");
    // A body that ends early.
    let (content_type, body) = multipart(&[]);
    let cut = request(
        host.port,
        "POST",
        "/v1/transforms",
        &[("Content-Type", &content_type)],
        &body[..10],
    )
    .unwrap();
    assert_eq!(cut.status, 400, "{cut:?}");
}

#[test]
fn bodies_are_limited() {
    let host = Host::fresh();
    let large = vec![b' '; (64 << 20) + 1];
    Upload {
        module: &large,
        ..Upload::default()
    }
    .post(host.port, &[])
    .error(413, "too-large");
    let text = " ".repeat((1 << 20) + 1);
    Upload {
        manifest: &text,
        ..Upload::default()
    }
    .post(host.port, &[])
    .error(413, "too-large");
    let topic = [
        b"{\"name\":\"x\",\"pad\":\"".as_slice(),
        &vec![b'x'; 1 << 20],
        b"\"}",
    ]
    .concat();
    request(
        host.port,
        "POST",
        "/v1/topics",
        &[("Content-Type", "application/json")],
        &topic,
    )
    .unwrap()
    .error(413, "too-large");
    // A length that is announced counts, whether or not it comes.
    let announced = format!(
        "POST /v1/topics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        1_u64 << 40
    );
    assert_eq!(
        send_raw(host.port, announced.as_bytes()).unwrap().status,
        413
    );
    assert_eq!(get(host.port, "/healthz").unwrap().status, 200);
    // The largest module that may be is read and looked at: what is wrong with it is its content.
    let largest = vec![b' '; 64 << 20];
    let manifest = "name = \"large\"\nsource = { topics = [\"a\"] }\nmodule = \"m.wasm\"\noutputs = { out = \"b\" }\n";
    Upload {
        module: &largest,
        manifest,
        ..Upload::default()
    }
    .post(host.port, &[])
    .error(422, "invalid-deployment");
    assert!(
        host.process.memory() < 500 << 20,
        "{} MiB after it",
        host.process.memory() >> 20
    );
}

#[test]
fn paths_methods_and_parameters_that_do_not_exist_are_named() {
    let host = Host::fresh();
    let ask = |method: &str, path: &str| request(host.port, method, path, &[], b"").unwrap();
    ask("GET", "/v2/transforms").error(404, "not-found");
    ask("GET", "/").error(404, "not-found");
    ask("GET", "/v1/transforms/nobody").error(404, "unknown-transform");
    ask("DELETE", "/v1/transforms/nobody").error(404, "unknown-transform");
    ask("GET", "/v1/transforms/nobody/logs").error(404, "unknown-transform");
    ask("PUT", "/v1/transforms").error(405, "method-not-allowed");
    ask("DELETE", "/metrics").error(405, "method-not-allowed");
    ask("DELETE", "/v1/transforms/a?offsets=perhaps").error(400, "bad-request");
    ask("DELETE", "/v1/transforms/a?banana=1").error(400, "bad-request");
    ask("GET", "/v1/transforms/a/logs?tail=-1").error(400, "bad-request");
    assert_eq!(ask("GET", "/v1/transforms/%ff%fe").status / 100, 4);
    assert_eq!(
        ask("GET", "/v1/transforms/..%2f..%2fetc%2fpasswd").status,
        404
    );
    assert_eq!(
        ask("GET", &format!("/v1/transforms/{}", "a".repeat(5000))).status / 100,
        4
    );
    assert_eq!(
        send_raw(host.port, b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            .map_or(400, |answer| answer.status),
        400
    );
    assert_eq!(get(host.port, "/healthz").unwrap().status, 200);
}

#[test]
fn a_decent_client_without_the_binary_can_deploy() {
    let kafka = Kafka::shared();
    let host = Host::fresh();
    let (source, out) = (kafka.topic("in", 1), kafka.topic("out", 1));
    let name = millstream_tests::fresh("by-hand");
    let module = std::fs::read(guest("probe")).unwrap();
    let manifest = format!(
        "name = \"{name}\"\nsource = {{ topics = [\"{source}\"] }}\nmodule = \"m.wasm\"\noutputs = {{ out = \"{out}\" }}\n"
    );
    let (content_type, body) = multipart(&[
        Part {
            name: "manifest",
            file: None,
            content_type: Some("application/toml"),
            contents: manifest.as_bytes(),
        },
        Part {
            name: "module",
            file: Some("m.wasm"),
            content_type: Some("application/wasm"),
            contents: &module,
        },
    ]);
    let post = || {
        let path = "/v1/transforms?create-topics=true&expected-revision=0&request-id=one";
        request(
            host.port,
            "POST",
            path,
            &[("Content-Type", &content_type)],
            &body,
        )
        .unwrap()
    };
    let first = post();
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.json()["revision"], 1);
    // The same request again, as after a lost answer, is recognised although revision 0 is no longer the live one.
    let second = post();
    assert_eq!(
        (second.status, &second.json()["revision"]),
        (200, &1.into()),
        "{second:?}"
    );
    host.await_state(&name, "running");
    let all = get(host.port, "/v1/transforms").unwrap().json();
    assert_eq!(all["transforms"][0]["name"], name.as_str());
    assert_eq!(
        get(host.port, "/v1/host").unwrap().json()["embedded"],
        false
    );
    let deleted = request(
        host.port,
        "DELETE",
        &format!("/v1/transforms/{name}"),
        &[],
        b"",
    )
    .unwrap();
    assert_eq!(
        (deleted.status, &deleted.json()["revision"]),
        (200, &2.into())
    );
}
