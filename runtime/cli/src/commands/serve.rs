//! `millstream serve`: a host.

mod flags;
mod logging;
mod running;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use millstream_host::host::{HostConfig, StartError};
use millstream_kafka::settings::Settings;

use self::flags::DiskFlags;
pub(crate) use self::{
    flags::{COMPILE, GuestFlags, Listen},
    logging::Logging,
    running::Running,
};
use crate::{
    args::{Pair, unique},
    output::{self, Complaint},
};

/// How long what is in flight may take when the host stops.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// Run a host: it reads topics, calls transforms, writes topics
///
/// Start another one with the same --brokers and --prefix and it takes its share of the partitions. A host keeps nothing on
/// its own disk but compiled modules, which it can compile again.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Kafka brokers to start from, several separated by commas
    #[arg(long, value_name = "HOST:PORT", env = "MILLSTREAM_BROKERS")]
    brokers: String,
    #[command(flatten)]
    listen: Listen,
    /// A property of librdkafka's clients, such as security.protocol=SASL_SSL; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    kafka: Vec<Pair>,
    /// Under which name deployments, groups and control topics of this installation are kept
    #[arg(
        long,
        value_name = "NAME",
        default_value = "millstream",
        env = "MILLSTREAM_PREFIX"
    )]
    prefix: String,
    /// Name of this host among those of the installation; one that it keeps after a restart lets it end at once
    /// what it left open under exactly-once [default: host name and process id]
    #[arg(long, value_name = "NAME")]
    host_id: Option<String>,
    #[command(flatten)]
    guests: GuestFlags,
    #[command(flatten)]
    disk: DiskFlags,
    #[command(flatten)]
    logging: Logging,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let address = args.listen.address()?;
    unique("--kafka", &args.kafka)?;
    let properties: Vec<(String, String)> = args
        .kafka
        .iter()
        .map(|pair| (pair.key.clone(), pair.value.clone()))
        .collect();
    let settings = Settings::new(&args.brokers, &properties).map_err(|error| {
        let thing = if error.name.contains("brokers") {
            "--brokers".to_owned()
        } else {
            format!("--kafka {}", output::escape(&error.name))
        };
        anyhow::Error::from(
            Complaint::new(thing, error.reason)
                .help(error.remedy)
                .usage(),
        )
    })?;
    args.logging.install();
    let config = HostConfig {
        settings,
        embedded: None,
        modules_folder: None,
        prefix: args.prefix,
        host_id: args.host_id.unwrap_or_else(flags::default_host_id),
        native_guests: None,
        engine: args.guests.engine()?,
        workers: args.guests.workers(),
        in_flight: args.guests.in_flight(),
        table_memory: args.guests.table_memory(),
        table_disk: args.disk.place(&args.guests)?,
    };
    let running = Running::start(config, address).await?;
    tracing::info!(
        api = %running.address(),
        brokers = running.host().brokers(),
        prefix = running.host().prefix(),
        host = running.host().id(),
        "millstream {} serves",
        env!("CARGO_PKG_VERSION")
    );
    until_stopped(running).await
}

/// Waits for a signal or for an end that nobody asked for. A second signal ends the process at once.
pub(crate) async fn until_stopped(running: Running) -> anyhow::Result<ExitCode> {
    let mut signals = running::Signals::new()?;
    let mut running = running;
    let ended = tokio::select! {
        signal = signals.next() => {
            tracing::info!("{signal}: finishing what is in flight, at most {} s; again to stop at once", DRAIN.as_secs());
            Ok(())
        }
        error = running.failed() => Err(error),
    };
    tokio::select! {
        () = running.stop(DRAIN) => {}
        signal = signals.next() => {
            tracing::warn!("{signal} again: stopping at once; what was in flight will be read again");
            return Ok(ExitCode::FAILURE);
        }
    }
    match ended {
        Ok(()) => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn complaint(error: &StartError) -> Complaint {
    match error {
        StartError::Name { flag, why } => Complaint::new(*flag, why).usage(),
        StartError::Tables { .. } => Complaint::new("the host", error.to_string())
            .help("choose another folder with --table-dir, or make room there")
            .usage(),
        StartError::Engine(error) => Complaint::new("the engine", error.to_string()).usage(),
        other => Complaint::new("the host cannot start", other.to_string()),
    }
}

pub(crate) fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Complaint {
    Complaint::new(
        format!("--listen {address}"),
        format!("cannot listen there: {error}"),
    )
    .help("another host may be running; give another port, or 0 for any")
}
