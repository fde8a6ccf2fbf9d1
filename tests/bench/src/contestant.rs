//! One contestant in one round: a host in a process of its own that runs the transform once over the whole topic.
//!
//! It starts, says "ready", waits for a line, deploys, waits until everything is read, acknowledged and counted, and prints
//! what that took. The same code runs both contestants; only where guests come from differs.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use millstream_engine::{EngineConfig, Failure};
use millstream_host::host::{Host, HostConfig, Summed, Upload};
use millstream_host::supervisor::State;
use millstream_kafka::settings::Settings;
use serde::{Deserialize, Serialize};

use crate::measure;
use crate::native::Route;

const PATIENCE: Duration = Duration::from_secs(300);

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    #[arg(long)]
    pub(crate) kind: Kind,
    #[arg(long)]
    pub(crate) brokers: String,
    #[arg(long)]
    pub(crate) source: String,
    #[arg(long)]
    pub(crate) likes: String,
    #[arg(long)]
    pub(crate) passes: String,
    #[arg(long)]
    pub(crate) rejected: String,
    /// The component
    #[arg(long)]
    pub(crate) module: PathBuf,
    /// The installation, and the name of everything in it
    #[arg(long)]
    pub(crate) prefix: String,
    #[arg(long)]
    pub(crate) events: u64,
}

/// Where guests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The component, sandboxed
    Millstream,
    /// The same code compiled into the host
    Native,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Millstream => "millstream",
            Kind::Native => "native",
        }
    }
}

/// Figures begin when this share of the events is read: what a start costs, and cold caches, are no matter of events.
const WARM_AFTER: u64 = 10;

/// What a round of a contestant came to, once it was warm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// That the figures are about.
    pub(crate) events: u64,
    pub(crate) seconds: f64,
    pub(crate) user_ns: u64,
    pub(crate) system_ns: u64,
    pub(crate) peak_rss_bytes: u64,
    /// Of the whole round.
    pub(crate) records_out: u64,
    /// Of the whole round.
    pub(crate) rejected: u64,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(work(args))
}

async fn work(args: Args) -> anyhow::Result<()> {
    let module = std::fs::read(&args.module).with_context(|| args.module.display().to_string())?;
    let host = Host::new(HostConfig {
        settings: Settings::new(&args.brokers, &[])?,
        embedded: None,
        modules_folder: None,
        prefix: args.prefix.clone(),
        host_id: args.kind.name().to_owned(),
        engine: EngineConfig::default(),
        workers: std::thread::available_parallelism()?.get(),
        in_flight: 64 << 20,
        native_guests: match args.kind {
            Kind::Millstream => None,
            Kind::Native => Some(Arc::new(|| Ok::<_, Failure>(Route::new()))),
        },
    })?;
    host.bring_up().await?;
    println!("ready");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;

    host.deploy(upload(&args, module)).await?;
    let warm = read(&host, args.events / WARM_AFTER).await?;
    let (before, began) = (measure::own()?, Instant::now());
    let summed = read(&host, args.events).await?;
    let (after, seconds) = (measure::own()?, began.elapsed().as_secs_f64());
    let outcome = Outcome {
        events: summed.records_in - warm.records_in,
        seconds,
        user_ns: after.user_ns - before.user_ns,
        system_ns: after.system_ns - before.system_ns,
        peak_rss_bytes: after.peak_rss_bytes,
        records_out: summed.records_out,
        rejected: summed.rejected,
    };
    println!("{}", serde_json::to_string(&outcome)?);
    std::io::stdout().flush()?;
    host.drain(Duration::from_secs(10)).await;
    Ok(())
}

/// Waits until so many events are read, and everything that came of them is acknowledged.
async fn read(host: &Host, events: u64) -> anyhow::Result<Summed> {
    let began = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let list = host.list();
        let Some(transform) = list.first() else {
            bail!("the transform is gone")
        };
        if let State::Failed = transform.state {
            bail!(
                "the transform failed: {}",
                transform.reason.as_deref().unwrap_or("no reason given")
            );
        }
        if transform.summed.records_in >= events {
            return Ok(transform.summed.clone());
        }
        if began.elapsed() > PATIENCE {
            bail!(
                "after {PATIENCE:?} only {} of {events} events are read",
                transform.summed.records_in
            );
        }
    }
}

fn upload(args: &Args, module: Vec<u8>) -> Upload {
    let text = format!(
        "name = \"route\"\nsource = {{ topics = [\"{}\"] }}\nmodule = \"route.wasm\"\n\
         [outputs]\nlikes = \"{}\"\npasses = \"{}\"\n[failures]\nrejected = {{ topic = \"{}\" }}\n",
        args.source, args.likes, args.passes, args.rejected
    );
    Upload {
        file: "bench".to_owned(),
        text,
        modules: vec![("route.wasm".to_owned(), module)],
        create_topics: false,
        expected_revision: None,
        request_id: None,
        by: None,
    }
}
