//! A real host: the `millstream` binary with `serve`, and the same binary as its client.

mod process;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::guests::{profile_dir, target_dir};
use crate::names::{free_port, fresh};
use crate::reaper::TempDir;
use crate::wait::{PATIENCE, wait_until};
use crate::{Kafka, api};
pub use process::HostProcess;

/// How to start a host.
#[derive(Clone, Debug)]
pub struct HostOptions {
    pub brokers: String,
    /// The installation; hosts with the same one work together.
    pub prefix: String,
    /// More arguments for `serve`.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// The folder for compiled modules; otherwise one that the hosts of all tests share.
    pub cache: Option<PathBuf>,
    /// A command that runs the host's, which is appended to it, in its own place.
    pub within: Vec<String>,
    /// The folder for tables on a disk; otherwise one that goes with the host.
    pub tables: Option<PathBuf>,
}

impl HostOptions {
    /// An installation of its own on the shared broker.
    pub fn fresh() -> Self {
        Self::on(Kafka::shared())
    }

    /// An installation of its own on this broker.
    pub fn on(kafka: &Kafka) -> Self {
        Self {
            brokers: kafka.brokers().to_owned(),
            prefix: fresh("it"),
            arguments: Vec::new(),
            environment: Vec::new(),
            cache: None,
            within: Vec::new(),
            tables: None,
        }
    }

    /// Groups give a killed host's partitions to others after 6 s, the least that a broker allows, instead of 45.
    pub fn dead_after_6_s(self) -> Self {
        self.argument("--kafka").argument("session.timeout.ms=6000")
    }

    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The consumer group of a transform of this installation.
    pub fn group(&self, transform: &str) -> String {
        format!("{}.{transform}", self.prefix)
    }
}

/// A running host. Killed when the value is dropped; when a test panics, the end of its log is printed.
pub struct Host {
    pub options: HostOptions,
    pub port: u16,
    pub process: HostProcess,
    cache: PathBuf,
    folder: TempDir,
}

impl Host {
    /// Starts a host with an installation of its own and waits until it is ready.
    pub fn fresh() -> Self {
        Self::start(&HostOptions::fresh())
    }

    /// Starts a host and waits until it says that it is ready.
    #[track_caller]
    pub fn start(options: &HostOptions) -> Self {
        let mut host = Self::launch(options);
        host.await_ready();
        host
    }

    /// Starts a host without waiting for it.
    pub fn launch(options: &HostOptions) -> Self {
        let folder = TempDir::new();
        let port = free_port();
        let cache = options
            .cache
            .clone()
            .unwrap_or_else(|| target_dir().join("tmp/e2e-cache"));
        let mut command = match options.within.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary());
                command
            }
            None => Command::new(binary()),
        };
        command
            .args([
                "serve",
                "--brokers",
                &options.brokers,
                "--prefix",
                &options.prefix,
            ])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--cache-dir")
            .arg(&cache)
            .args(&options.arguments)
            .envs(
                options
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .env("RUST_BACKTRACE", "1");
        if cfg!(feature = "disk-tables") {
            let own = || folder.path().join("tables");
            let tables = options.tables.clone().unwrap_or_else(own);
            command.env("MILLSTREAM_TABLE_DIR", tables);
        }
        let process = HostProcess::spawn(command, &folder.path().join("host.log"));
        Self {
            options: options.clone(),
            port,
            process,
            cache,
            folder,
        }
    }

    #[track_caller]
    pub fn await_ready(&mut self) {
        let limit = PATIENCE;
        wait_until("the host is ready", limit, || {
            if let Some(status) = self.process.exited() {
                panic!("the host ended with {status} before it was ready");
            }
            (api::get(self.port, "/readyz").is_ok_and(|answer| answer.status == 200)).then_some(())
        });
    }

    /// Where its API is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its folder of compiled modules.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// A folder that lives as long as the host.
    pub fn folder(&self) -> &TempDir {
        &self.folder
    }

    /// Runs `millstream ARGUMENTS...` against this host.
    pub fn cli<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Finished {
        let mut command = Command::new(binary());
        command.args(arguments).env("MILLSTREAM_SERVER", self.url());
        Finished::run(&mut command)
    }

    /// Deploys a module under a name; `arguments` are further ones, such as `--from`. Panics unless it then runs.
    #[track_caller]
    pub fn deploy(&self, module: &Path, name: &str, arguments: &[&str]) -> Finished {
        let mut all = vec![
            OsStr::new("deploy"),
            module.as_os_str(),
            OsStr::new("--name"),
            OsStr::new(name),
        ];
        all.extend(arguments.iter().map(OsStr::new));
        self.cli(all).succeeded()
    }

    /// Deploys a manifest; panics unless the transform then runs.
    #[track_caller]
    pub fn deploy_manifest(&self, manifest: &str, arguments: &[&str]) -> Finished {
        self.try_manifest(manifest, arguments).succeeded()
    }

    /// Deploys a manifest, whatever becomes of it.
    pub fn try_manifest(&self, manifest: &str, arguments: &[&str]) -> Finished {
        let folder = TempDir::new();
        let file = folder.file("millstream.toml", manifest);
        let mut all = vec![OsStr::new("deploy"), OsStr::new("-f"), file.as_os_str()];
        all.extend(arguments.iter().map(OsStr::new));
        self.cli(all)
    }

    /// What `GET /v1/transforms/NAME` answers; none while there is no such transform.
    pub fn transform(&self, name: &str) -> Option<Value> {
        let answer = api::get(self.port, &format!("/v1/transforms/{name}")).ok()?;
        (answer.status == 200).then(|| answer.json())
    }

    /// A figure of `/metrics`: the first whose line begins with `metric` and holds `labels`.
    pub fn metric(&self, metric: &str, labels: &[&str]) -> Option<f64> {
        let answer = api::get(self.port, "/metrics").ok()?;
        let line = answer.body.lines().find(|line| {
            line.starts_with(metric) && labels.iter().all(|label| line.contains(label))
        })?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Waits until the transform is in this state, and returns its description.
    #[track_caller]
    pub fn await_state(&self, name: &str, state: &str) -> Value {
        let mut last = Value::Null;
        wait_until(&format!("{name} is {state}"), PATIENCE, || {
            last = self.transform(name)?;
            (last["state"] == state).then(|| last.clone())
        })
    }

    /// Waits until the transform is done with everything that its source topics hold now. For a transform that runs on this
    /// host alone, on the shared broker.
    #[track_caller]
    pub fn await_caught_up(&self, name: &str, limit: Duration) {
        let kafka = Kafka::shared();
        let mut ends: Option<BTreeMap<(String, i64), i64>> = None;
        wait_until(&format!("{name} has caught up"), limit, || {
            let transform = self.transform(name)?;
            assert_ne!(
                transform["state"], "failed",
                "{name} failed: {}",
                transform["reason"]
            );
            let ends = ends.get_or_insert_with(|| {
                let topics = transform["source"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|topic| topic.as_str().unwrap());
                let ends = topics.flat_map(|topic| {
                    (0..)
                        .zip(kafka.end_offsets(topic))
                        .map(|(p, end)| ((topic.to_owned(), p), end))
                });
                ends.collect()
            });
            let done: BTreeMap<(String, i64), i64> = transform["positions"]
                .as_array()?
                .iter()
                .filter_map(|position| {
                    let of = (
                        position["topic"].as_str()?.to_owned(),
                        position["partition"].as_i64()?,
                    );
                    Some((of, position["done"].as_i64()?))
                })
                .collect();
            ends.iter()
                .all(|(partition, end)| done.get(partition).is_some_and(|done| done >= end))
                .then_some(())
        });
    }

    /// Waits until the host says that nothing is left to read. It looks every few seconds.
    #[track_caller]
    pub fn await_no_lag(&self, name: &str) {
        wait_until(&format!("{name} has no lag"), PATIENCE, || {
            (self.transform(name)?["lag_records"] == 0).then_some(())
        });
    }
}

/// A command of the binary that has ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Finished {
    /// Runs a command to its end, without a terminal.
    pub fn run(command: &mut Command) -> Self {
        let output = command
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("run {command:?}: {e}"));
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(
            self.code,
            Some(0),
            "the command failed\n--- stdout\n{}\n--- stderr\n{}",
            self.out,
            self.err
        );
        self
    }

    /// Asserts the exit code, and that standard error says all of `texts`; whatever the case of letters.
    #[track_caller]
    pub fn failed(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "wrong exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.out,
            self.err
        );
        let said = unwrapped(&self.err).to_lowercase();
        for text in texts {
            assert!(
                said.contains(&text.to_lowercase()),
                "the error does not say {text:?}:\n{}",
                self.err
            );
        }
        assert!(
            !said.contains("panicked"),
            "a panic reached the user:\n{}",
            self.err
        );
        self
    }
}

/// Text without line breaks, which depend on the width of a terminal.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The binary under test: `MILLSTREAM_BIN`, or what cargo built beside this program, with its profile.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("MILLSTREAM_BIN")
        .map_or_else(|| profile_dir().join("millstream"), PathBuf::from);
    assert!(
        path.exists(),
        "{} is not built: run `cargo build -p millstream` first",
        path.display()
    );
    path
}

/// Runs `millstream ARGUMENTS...` with no host in particular.
pub fn millstream<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Finished {
    Finished::run(Command::new(binary()).args(arguments))
}
