//! The command line itself: exit codes, help, and what is said about mistakes. No host and no broker runs.

use std::process::{Command, Output, Stdio};

fn millstream(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_millstream"))
        .args(arguments)
        .env_remove("MILLSTREAM_SERVER")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Runs it, and demands this exit code and all of these words on standard error.
fn fails(code: i32, arguments: &[&str], words: &[&str]) {
    let output = millstream(arguments);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{err}");
    for word in words {
        assert!(err.contains(word), "{arguments:?}: no {word:?} in\n{err}");
    }
    assert!(!err.contains("panicked"), "{arguments:?}\n{err}");
    assert!(
        output.stdout.is_empty(),
        "{arguments:?}: errors go to standard error"
    );
}

#[test]
fn mistakes_on_the_command_line_exit_with_64_and_name_what_is_wrong() {
    fails(64, &[], &["Usage", "deploy"]);
    fails(64, &["depoly"], &["depoly", "deploy"]);
    fails(64, &["list", "--jsn"], &["--jsn", "--json"]);
    fails(64, &["describe"], &["NAME"]);
    fails(64, &["logs", "x", "--tail", "many"], &["many", "--tail"]);
    fails(64, &["topic"], &["create", "produce", "consume"]);
    fails(
        64,
        &["topic", "create", "x", "--partitions", "0"],
        &["--partitions", "0"],
    );
    fails(
        64,
        &["topic", "consume", "x", "--from", "yesterday"],
        &["yesterday", "earliest"],
    );
    fails(
        64,
        &["topic", "consume", "x", "--format", "xml"],
        &["xml", "json"],
    );
    fails(
        64,
        &["topic", "produce", "x", "--jsonl", "--key-separator", ":"],
        &["--jsonl", "--key-separator"],
    );
    fails(
        64,
        &[
            "topic",
            "consume",
            "x",
            "--brokers",
            "b:1",
            "--kafka",
            "no.such.property=1",
        ],
        &["no.such.property"],
    );
    fails(64, &["demo", "--events", "0"], &["--events"]);
    for arguments in [
        ["rejected", "show", "x", "3"],
        ["rejected", "redrive", "x", "0-1"],
    ] {
        fails(64, &arguments, &[arguments[3], "PARTITION/OFFSET"]);
    }
    fails(
        64,
        &["serve", "--brokers", "b:1", "--guest-memory", "lots"],
        &["lots", "--guest-memory", "such as 512 MiB"],
    );
    // The broker of `dev` holds less than fits into memory.
    fails(64, &["dev", "--table-dir", "x"], &["--table-dir"]);
}

#[test]
fn the_hosts_own_business_is_not_offered_to_who_mistypes_a_command() {
    let output = millstream(&["compile-modul"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(!text(&output.stderr).contains("compile-module"));
}

#[test]
fn nothing_is_deleted_unasked_where_there_is_no_terminal_to_ask_on() {
    fails(64, &["delete", "x"], &["no terminal", "--yes"]);
}

#[test]
fn what_deploy_needs_is_asked_for_by_its_option() {
    fails(64, &["deploy"], &["millstream.toml", "help:"]);
    fails(64, &["deploy", "x.wasm"], &["--name"]);
    fails(64, &["deploy", "x.wasm", "--name", "x"], &["--from"]);
    fails(
        64,
        &["deploy", "x.wasm", "--name", "x", "--from", "t"],
        &["--to"],
    );
    fails(
        64,
        &[
            "deploy", "x.wasm", "--name", "x", "--from", "t", "--to", "likes",
        ],
        &["likes", "name=value"],
    );
    fails(
        64,
        &["deploy", "x.wasm", "--no-wait", "--timeout", "3s"],
        &["--no-wait", "--timeout"],
    );
    fails(64, &["deploy", "x.wasm", "--timeout", "soon"], &["soon"]);
}

#[test]
fn what_deploy_reads_is_named_when_it_is_wrong() {
    let deploy = [
        "deploy",
        "none.wasm",
        "--name",
        "x",
        "--from",
        "t",
        "--to",
        "a=b",
    ];
    fails(
        1,
        &deploy,
        &["none.wasm", "no such file", "help:", "millstream build"],
    );
    fails(
        1,
        &["deploy", "-f", "none.toml"],
        &["none.toml", "no such file", "help:"],
    );
    let mut bad_name = deploy;
    bad_name[3] = "Route";
    fails(1, &bad_name, &["--name", "'R'"]);
}

#[test]
fn an_address_that_is_none_is_refused_with_its_shape() {
    for wrong in ["https://localhost", "localhost:port", "http://localhost/v1"] {
        fails(
            64,
            &["list", "--server", wrong],
            &[wrong, "host:port", "help:"],
        );
    }
}

#[test]
fn without_a_host_the_address_and_the_ways_to_start_one_are_told() {
    // Nobody listens there, and no other test is given it, as a port that was just free may be.
    let server = "127.0.0.1:1";
    for command in [
        &["list"][..],
        &["describe", "x"],
        &["logs", "x"],
        &["delete", "x", "--yes"],
        &["topic", "create", "x"],
        &["topic", "consume", "x"],
    ] {
        let arguments = [command, &["--server", server]].concat();
        fails(
            1,
            &arguments,
            &[
                server,
                "no host listens there",
                "millstream dev",
                "millstream serve",
                "MILLSTREAM_SERVER",
            ],
        );
    }
}

#[test]
fn something_that_is_no_host_is_recognised() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = listener.local_addr().expect("an address").to_string();
    let answers = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.read(&mut [0; 1024]);
        let page = "<html>\u{1b}[2J";
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
    });
    fails(
        1,
        &["list", "--server", &server],
        &[&server, "not understood", "help:"],
    );
    answers.join().expect("it answered");
}

#[test]
fn help_has_examples_and_goes_to_standard_output() {
    for command in ["deploy", "list", "describe", "logs", "delete", "demo"] {
        let output = millstream(&[command, "--help"]);
        let out = text(&output.stdout);
        assert!(output.status.success(), "{command}");
        assert!(
            out.contains("Examples:") && out.contains(&format!("millstream {command}"))
                || command == "demo",
            "{command}\n{out}"
        );
    }
    let out = text(&millstream(&["--help"]).stdout);
    for command in [
        "deploy",
        "list",
        "describe",
        "logs",
        "delete",
        "topic",
        "Start here",
        "64 if the command line",
    ] {
        assert!(out.contains(command), "{command}\n{out}");
    }
    assert!(!out.contains("compile-module"), "the host's own business");
    assert!(text(&millstream(&["--version"]).stdout).starts_with("millstream 0."));
}

#[test]
fn output_that_is_not_for_a_terminal_has_no_colours() {
    let output = millstream(&["deploy"]);
    assert!(!output.stderr.contains(&0x1b));
    assert!(!millstream(&["--help"]).stdout.contains(&0x1b));
}

#[test]
fn a_demo_without_its_modules_says_how_to_build_them() {
    fails(
        1,
        &["demo", "--modules", "nowhere"],
        &["nowhere", "filter.wasm", "make demo"],
    );
}
