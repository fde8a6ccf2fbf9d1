//! `millstream dev`: a host and a broker in one process, to try things out.

use std::{net::SocketAddr, process::ExitCode};

use millstream_host::host::HostConfig;
use millstream_kafka::{embedded::EmbeddedBroker, settings::Settings};

use super::serve::{self, DRAIN, GuestFlags, Listen, Logging, Running};
use crate::{
    api::DEFAULT_PORT,
    output::{self, Complaint},
};

/// Where Kafka clients look for a broker unless they are told otherwise.
const BROKER_PORT: u16 = 9092;

/// Run a host with a Kafka broker of its own, to try things out
///
/// Any Kafka client can connect to it. Topics come about when they are used. It keeps nothing: all is gone when it stops, and
/// each partition holds at most 5 MiB, then loses its oldest records.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    listen: Listen,
    /// Port of the broker [default: 9092 if it is free, another one if not]
    #[arg(long, value_name = "PORT")]
    broker_port: Option<u16>,
    #[command(flatten)]
    guests: GuestFlags,
    #[command(flatten)]
    logging: Logging,
}

/// How a development host is started from within.
#[derive(Clone, Debug)]
pub(crate) struct DevOptions {
    pub(crate) listen: SocketAddr,
    /// `None`: any free one.
    pub(crate) broker_port: Option<u16>,
    pub(crate) prefix: String,
    pub(crate) guests: GuestFlags,
    /// Whether the process stays without a log.
    pub(crate) quiet: bool,
}

impl Default for DevOptions {
    fn default() -> Self {
        DevOptions {
            listen: ([127, 0, 0, 1], DEFAULT_PORT).into(),
            broker_port: None,
            prefix: "millstream".to_owned(),
            guests: GuestFlags::default(),
            quiet: false,
        }
    }
}

/// A development host that runs.
pub(crate) struct DevHost {
    pub(crate) address: SocketAddr,
    /// The broker's `host:port`.
    pub(crate) brokers: String,
    running: Running,
    /// Modules are kept here, because the broker would forget them.
    _modules: tempfile::TempDir,
}

/// Starts a broker and a host, and waits until the host is ready.
pub(crate) async fn start(options: DevOptions) -> anyhow::Result<DevHost> {
    if !options.quiet {
        Logging::default().install();
    }
    let broker = EmbeddedBroker::start(options.broker_port)
        .await
        .map_err(|error| {
            let thing = options
                .broker_port
                .map_or("the embedded broker".to_owned(), |port| {
                    format!("--broker-port {port}")
                });
            Complaint::new(thing, error.to_string())
                .help("give another port, or leave --broker-port out")
        })?;
    let brokers = broker.bootstrap_servers().to_owned();
    let settings = Settings::embedded(&broker, &[])
        .map_err(|error| Complaint::new("the embedded broker", error.to_string()))?;
    let modules = tempfile::Builder::new()
        .prefix("millstream-dev-")
        .tempdir()?;
    let config = HostConfig {
        settings,
        embedded: Some(broker),
        modules_folder: Some(modules.path().to_owned()),
        prefix: options.prefix,
        host_id: "dev".to_owned(),
        native_guests: None,
        engine: options.guests.engine()?,
        workers: options.guests.workers(),
        in_flight: options.guests.in_flight(),
        table_memory: options.guests.table_memory(),
        // Its broker holds less than fits into memory.
        table_disk: None,
    };
    let mut running = Running::start(config, options.listen).await?;
    running.ready().await?;
    Ok(DevHost {
        address: running.address(),
        brokers,
        running,
        _modules: modules,
    })
}

impl DevHost {
    pub(crate) async fn stop(mut self) {
        self.running.stop(DRAIN).await;
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let listen = args.listen.address()?;
    args.logging.install();
    let options = |broker_port| DevOptions {
        listen,
        broker_port,
        guests: args.guests.clone(),
        quiet: true,
        ..DevOptions::default()
    };
    let host = match args.broker_port {
        Some(port) => start(options(Some(port))).await?,
        None => {
            let free = tokio::net::TcpListener::bind(("127.0.0.1", BROKER_PORT))
                .await
                .is_ok();
            if !free {
                tracing::info!("port {BROKER_PORT} is taken: the broker listens on another one");
            }
            start(options(free.then_some(BROKER_PORT))).await?
        }
    };
    output::line(format_args!("Kafka broker   {}", host.brokers));
    output::line(format_args!("Millstream API http://{}", host.address));
    output::line(format_args!(
        "This broker keeps nothing: all is gone when it stops, and a partition holds at most 5 MiB, then drops its oldest records."
    ));
    // The folder of modules lives as long as the host.
    let DevHost {
        running, _modules, ..
    } = host;
    serve::until_stopped(running).await
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        guests: GuestFlags,
    }

    /// A host on any free ports, which keeps its cache in the folder.
    async fn host(folder: &tempfile::TempDir) -> DevHost {
        let cache = folder.path().join("cache");
        let cache = cache.to_str().expect("a path in UTF-8");
        let flags = ["dev", "--max-instances", "4", "--cache-dir", cache];
        let options = DevOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            guests: Flags::parse_from(flags).guests,
            quiet: true,
            ..DevOptions::default()
        };
        start(options).await.expect("it starts")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_host_names_the_port_of_its_broker_that_other_programs_use() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = host(&folder).await;
        assert_eq!(host.running.host().brokers(), host.brokers);
        host.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_page_about_metrics_has_every_family() {
        const PAGE: &str = include_str!("../../../../docs/metrics.md");
        let folder = tempfile::tempdir().expect("a folder");
        let host = host(&folder).await;
        let metrics = host.running.host().metrics().expect("text");
        let families: Vec<&str> = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        assert!(families.contains(&"millstream_records_in"), "{metrics}");
        for family in families {
            assert!(PAGE.contains(&format!("`{family}")), "{family}");
        }
        host.stop().await;
    }
}
