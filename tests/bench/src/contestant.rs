//! Who takes part, and how each is started. All take the same options and say the same lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use millstream_tests::guest;
use millstream_tests::guests::source_root;

use crate::job::Job;

/// Who does the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contestant {
    /// The host with a component in its sandbox
    Millstream,
    /// The same with `delivery = "exactly-once"`
    ExactlyOnce,
    /// The same with a single lane
    OneLane,
    /// The same with four lanes
    FourLanes,
    /// The host of another build of this program, which the variable BEFORE names: what a change does
    Before,
    /// The same host with the same code compiled in
    Native,
    /// A bare loop over librdkafka's C functions, which only copies
    Ffi,
    /// A plain Java consumer–producer loop
    Java,
    /// Kafka Streams
    Streams,
    /// Kafka Streams, exactly once
    StreamsOnce,
    /// Apache Flink in its local cluster
    Flink,
    /// Apache Flink, exactly once
    FlinkOnce,
}

impl Contestant {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Contestant::Millstream => "millstream",
            Contestant::ExactlyOnce => "exactly-once",
            Contestant::OneLane => "one-lane",
            Contestant::FourLanes => "four-lanes",
            Contestant::Before => "before",
            Contestant::Native => "native",
            Contestant::Ffi => "ffi",
            Contestant::Java => "java",
            Contestant::Streams => "streams",
            Contestant::StreamsOnce => "streams-once",
            Contestant::Flink => "flink",
            Contestant::FlinkOnce => "flink-once",
        }
    }

    pub(crate) fn can(self, job: Job) -> bool {
        match self {
            Contestant::Ffi => job == Job::Copy,
            Contestant::Native | Contestant::Java | Contestant::Flink | Contestant::FlinkOnce => {
                job.table().is_none()
            }
            _ => true,
        }
    }

    /// The program, without the options that all share.
    pub(crate) fn command(self, job: Job) -> anyhow::Result<Command> {
        let own = |role: &str| -> anyhow::Result<Command> {
            let program = match self {
                Contestant::Before => std::env::var_os("BEFORE")
                    .context("BEFORE is not set: give it the path of another build's `bench`")?
                    .into(),
                _ => std::env::current_exe()?,
            };
            let mut command = Command::new(program);
            command.args(["contestant", role]);
            Ok(command)
        };
        let host = |options: &[&str]| -> anyhow::Result<Command> {
            let mut command = own("host")?;
            command.arg("--module").arg(guest(&job.guest()));
            command.args(options);
            Ok(command)
        };
        let once = |command: anyhow::Result<Command>| -> anyhow::Result<Command> {
            let mut command = command?;
            command.args(["--exactly-once", "true"]);
            Ok(command)
        };
        let mut command = match self {
            Contestant::Millstream | Contestant::Before => host(&[])?,
            Contestant::ExactlyOnce => host(&["--exactly-once"])?,
            Contestant::OneLane => host(&["--lanes", "1"])?,
            Contestant::FourLanes => host(&["--lanes", "4"])?,
            Contestant::Native => own("host")?,
            Contestant::Ffi => own("ffi")?,
            Contestant::Java => java(("plain", "millstream.peers.plain.PlainPeer"))?,
            Contestant::Streams => java(STREAMS)?,
            Contestant::StreamsOnce => once(java(STREAMS))?,
            Contestant::Flink => java(FLINK)?,
            Contestant::FlinkOnce => once(java(FLINK))?,
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(command)
    }
}

const STREAMS: (&str, &str) = ("streams", "millstream.peers.streams.StreamsPeer");
const FLINK: (&str, &str) = ("flink", "millstream.peers.flink.FlinkPeer");

/// A peer on the JVM, by its folder and class; the first one builds all of them.
fn java((peer, class): (&str, &str)) -> anyhow::Result<Command> {
    let folder = peers()?.join(peer);
    let options = std::fs::read_to_string(folder.join("jvm.options"))
        .with_context(|| folder.display().to_string())?;
    let options = options.lines().map(str::trim);
    let mut command = Command::new("java");
    command
        .args(options.filter(|line| !line.is_empty() && !line.starts_with('#')))
        .arg("-cp")
        .arg(folder.join("*"))
        .arg(class);
    Ok(command)
}

fn peers() -> anyhow::Result<PathBuf> {
    let script = source_root().join("tests/bench/peers/build.sh");
    let built = Command::new(&script)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| script.display().to_string())?;
    ensure!(
        built.status.success(),
        "{} ended with {}",
        script.display(),
        built.status
    );
    let folder = String::from_utf8(built.stdout)?;
    match folder.trim() {
        "" => bail!("{} printed no folder", script.display()),
        folder => Ok(Path::new(folder).to_owned()),
    }
}
