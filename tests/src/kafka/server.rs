//! The broker's process: its configuration, its start, its end.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Heap, class_path};
use crate::names::free_port;
use crate::reaper::{self, TempDir};

/// Cold, on two busy cores, it takes up to ten seconds.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Without it log4j prints errors only, and "Kafka Server started" is not one.
const LOG4J: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN"><Appenders><Console name="out"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console></Appenders>
<Loggers><Root level="INFO"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"#;

/// A listener that shows another port to its clients: a proxy's.
#[derive(Clone, Copy)]
pub(super) struct Proxied {
    pub(super) port: u16,
    pub(super) shown: u16,
}

/// Read again when a killed one is started again.
const JVM_OPTIONS: &str = "jvm.options";

impl Heap {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Heap::Small => &["-Xms256m", "-Xmx512m", "-XX:MaxDirectMemorySize=256m"],
            Heap::Usual => &[
                "-Xms1g",
                "-Xmx1g",
                "-XX:+UseG1GC",
                "-XX:MaxGCPauseMillis=20",
            ],
        }
    }
}

pub(super) struct Server {
    process: Child,
    folder: TempDir,
    jars: PathBuf,
}

impl Server {
    pub(super) fn start(
        jars: &Path,
        port: u16,
        sasl_port: Option<u16>,
        proxied: Option<Proxied>,
        heap: Heap,
        more: &[(String, String)],
    ) -> Result<Self, String> {
        let folder = TempDir::new();
        let properties = folder.file(
            "server.properties",
            properties(folder.path(), port, sasl_port, proxied, more),
        );
        folder.file("log4j2.xml", LOG4J);
        folder.file(JVM_OPTIONS, heap.flags().join("\n"));
        let flags = ["-Xmx256m", "-XX:TieredStopAtLevel=1"];
        let format = java(jars, &folder, "kafka.tools.StorageTool", &flags)
            .args(["format", "-t", "millstreamTestsKafkaAA", "-c"])
            .arg(&properties)
            .output()
            .map_err(|e| format!("java: {e}: run `make setup`"))?;
        if !format.status.success() {
            return Err(String::from_utf8_lossy(&format.stdout).into_owned()
                + &String::from_utf8_lossy(&format.stderr));
        }
        let process = launch(jars, &folder)?;
        let jars = jars.to_owned();
        let mut server = Self {
            process,
            folder,
            jars,
        };
        server.await_start().map(|()| server)
    }

    /// SIGKILL: what it has not written to its disk is gone, as after a power cut the page cache aside.
    pub(super) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        reaper::spare(self.process.id());
    }

    /// Starts again what was killed, with its data.
    pub(super) fn restart(&mut self) -> Result<(), String> {
        self.process = launch(&self.jars, &self.folder)?;
        self.await_start()
    }

    fn await_start(&mut self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let text = std::fs::read_to_string(log_of(&self.folder)).unwrap_or_default();
            if text.contains("Kafka Server started") {
                return Ok(());
            }
            let ended = self.process.try_wait().ok().flatten();
            if ended.is_some() || began.elapsed() > START_LIMIT {
                let kept: Vec<&str> = text
                    .lines()
                    .filter(|line| line.contains("ERROR") || line.contains("xception"))
                    .collect();
                return Err(format!(
                    "{ended:?} after {:?}\n{}",
                    began.elapsed(),
                    kept.join("\n")
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn log_of(folder: &TempDir) -> PathBuf {
    folder.path().join("kafka.log")
}

fn java(jars: &Path, folder: &TempDir, class: &str, flags: &[&str]) -> Command {
    let logging = folder.path().join("log4j2.xml");
    let mut command = Command::new("java");
    command
        .args(flags)
        // For native libraries, which a broker that is killed would leave there.
        .arg(format!("-Djava.io.tmpdir={}", folder.path().display()))
        .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .args(["-cp", &class_path(jars), class])
        .stdin(Stdio::null());
    command
}

/// Starts the process, with a fresh log.
fn launch(jars: &Path, folder: &TempDir) -> Result<Child, String> {
    let out = std::fs::File::create(log_of(folder)).map_err(|e| e.to_string())?;
    let flags = format!("@{}", folder.path().join(JVM_OPTIONS).display());
    let process = java(jars, folder, "kafka.Kafka", &[&flags])
        .arg(folder.path().join("server.properties"))
        .stdout(out.try_clone().map_err(|e| e.to_string())?)
        .stderr(out)
        .spawn()
        .map_err(|e| format!("java: {e}"))?;
    reaper::kill_at_end(process.id());
    Ok(process)
}

impl Server {
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data go with it: there is nothing to shut down for.
        self.kill();
    }
}

/// Nothing is removed by its age: tests write records of years ago, and the broker looks every few minutes.
fn properties(
    folder: &Path,
    port: u16,
    sasl_port: Option<u16>,
    proxied: Option<Proxied>,
    more: &[(String, String)],
) -> String {
    let controller = free_port();
    let mut listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
    let mut advertised = format!("PLAINTEXT://127.0.0.1:{port}");
    let mut text = String::new();
    if let Some(Proxied { port, shown }) = proxied {
        let _ = write!(listeners, ",PROXIED://127.0.0.1:{port}");
        let _ = write!(advertised, ",PROXIED://127.0.0.1:{shown}");
    }
    if let Some(sasl_port) = sasl_port {
        let _ = write!(listeners, ",SASL_PLAINTEXT://127.0.0.1:{sasl_port}");
        let _ = write!(advertised, ",SASL_PLAINTEXT://127.0.0.1:{sasl_port}");
        text += "sasl.enabled.mechanisms=PLAIN\n\
                 listener.name.sasl_plaintext.plain.sasl.jaas.config=\
                 org.apache.kafka.common.security.plain.PlainLoginModule required user_mill=\"stream\";\n";
    }
    let _ = write!(
        text,
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners={listeners}\n\
         advertised.listeners={advertised}\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT\n\
         log.dirs={}\n\
         log.retention.ms=-1\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         num.partitions=1\n\
         log.cleaner.backoff.ms=200\n\
         log.cleaner.dedupe.buffer.size=16777216\n\
         transaction.abort.timed.out.transaction.cleanup.interval.ms=500\n",
        folder.join("data").display()
    );
    for (name, value) in more {
        let _ = writeln!(text, "{name}={value}");
    }
    text
}
