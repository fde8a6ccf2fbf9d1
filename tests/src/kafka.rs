//! A real Apache Kafka: one node in KRaft combined mode on free loopback ports, its data in a temporary folder.

mod cluster;
mod server;
mod topics;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use crate::chaos::Network;
use crate::names::free_port;
use server::{Proxied, Server};

/// Names the broker that `with-kafka` started for the whole run.
pub const BROKERS_VARIABLE: &str = "MILLSTREAM_TEST_BROKERS";

/// A running broker. One that was started here stops when the value is dropped.
pub struct Kafka {
    brokers: String,
    sasl_brokers: Option<String>,
    network: Option<Network>,
    /// Those that were started here; they stop when dropped.
    servers: Vec<Mutex<Server>>,
}

/// How to start a broker of one's own.
#[derive(Clone, Debug, Default)]
pub struct KafkaOptions {
    /// The port to listen on; any free one otherwise.
    pub port: Option<u16>,
    /// A second listener that demands SASL PLAIN over plaintext: user `mill`, password `stream`.
    pub sasl: bool,
    /// A listener behind a proxy, for clients whose network is to break.
    pub proxied: bool,
    /// How much memory its objects get.
    pub heap: Heap,
    /// More lines for server.properties.
    pub properties: Vec<(String, String)>,
}

/// A broker's memory for objects.
#[derive(Clone, Copy, Debug, Default)]
pub enum Heap {
    /// So that several have room beside each other. Full of short-lived objects more than once in two seconds at full rate.
    #[default]
    Small,
    /// As Kafka's own start script has it, garbage collector included.
    Usual,
}

impl Kafka {
    /// The broker that all tests of this run share: the one `with-kafka` started, or one for this process.
    pub fn shared() -> &'static Kafka {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var(BROKERS_VARIABLE) {
            Ok(brokers) => Kafka {
                brokers,
                sasl_brokers: None,
                network: None,
                servers: Vec::new(),
            },
            Err(_) => Kafka::start(&KafkaOptions::default()),
        })
    }

    /// Starts a broker of one's own and waits until it serves. Panics with the end of its log if it does not.
    pub fn start(options: &KafkaOptions) -> Self {
        let jars = jars();
        let mut last = String::new();
        // A free port may be taken between finding it and listening on it.
        for _ in 0..3 {
            let port = options.port.unwrap_or_else(free_port);
            let sasl_port = options.sasl.then(free_port);
            let proxied = options.proxied.then(|| Proxied {
                port: free_port(),
                shown: free_port(),
            });
            let (heap, properties) = (options.heap, &options.properties);
            match Server::start(&jars, port, sasl_port, proxied, heap, properties) {
                Ok(server) => {
                    return Self {
                        brokers: format!("127.0.0.1:{port}"),
                        sasl_brokers: sasl_port.map(|port| format!("127.0.0.1:{port}")),
                        network: proxied.map(|way| Network::start(way.shown, way.port)),
                        servers: vec![Mutex::new(server)],
                    };
                }
                Err(problem) if problem.contains("Address already in use") => last = problem,
                Err(problem) => panic!("Kafka did not start: {problem}"),
            }
        }
        panic!("Kafka found no free port: {last}");
    }

    /// The bootstrap servers, for clients without credentials.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The way to it that can be broken: a broker started with `proxied` has one.
    pub fn network(&self) -> &Network {
        self.network
            .as_ref()
            .expect("a broker started with `proxied`")
    }

    /// The process of a broker that was started here.
    pub fn process(&self) -> Option<u32> {
        let server = self.servers.first()?;
        Some(server.lock().unwrap().id())
    }

    /// The bootstrap servers of the listener that demands credentials.
    pub fn sasl_brokers(&self) -> &str {
        self.sasl_brokers
            .as_deref()
            .expect("a broker started with `sasl`")
    }

    /// A Java tool of Kafka's, such as `org.apache.kafka.tools.ConsoleConsumer`, ready for its arguments.
    pub fn java_tool(class: &str) -> Command {
        let mut command = Command::new("java");
        command.args([
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            &class_path(&jars()),
            class,
        ]);
        command
    }
}

fn class_path(jars: &Path) -> String {
    format!("{}/*", jars.display())
}

/// The folder of Kafka's jars; fetched the first time.
fn jars() -> PathBuf {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/fetch-kafka.sh");
        let output = Command::new(&script)
            .output()
            .unwrap_or_else(|e| panic!("run {}: {e}", script.display()));
        assert!(
            output.status.success(),
            "fetching Kafka failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
    .clone()
}
