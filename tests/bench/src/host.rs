//! Millstream as a contestant: a host that runs one transform over the whole topic. Its guests are the component, or the same
//! job compiled in.

pub(crate) mod native;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use millstream_engine::{EngineConfig, Failure};
use millstream_host::guests::Guests;
use millstream_host::host::{Host, HostConfig, Summed, Upload};
use millstream_host::supervisor::State;
use millstream_kafka::settings::Settings;
use native::Native;

use crate::job::Job;
use crate::protocol::{self, WARM_AFTER, say};

const PATIENCE: Duration = Duration::from_secs(900);

/// What every contestant is told; those in other languages take the same options.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    #[arg(long)]
    pub(crate) job: Job,
    #[arg(long)]
    pub(crate) brokers: String,
    #[arg(long)]
    pub(crate) source: String,
    /// NAME=TOPIC
    #[arg(long)]
    pub(crate) output: Vec<String>,
    /// NAME=TOPIC of a table
    #[arg(long)]
    pub(crate) table: Vec<String>,
    #[arg(long)]
    pub(crate) rejected: String,
    #[arg(long)]
    pub(crate) events: u64,
    /// Consumer group, installation, and the name of everything else
    #[arg(long)]
    pub(crate) group: String,
    /// How outputs are compressed
    #[arg(long, default_value = "none")]
    pub(crate) codec: String,
    #[arg(long)]
    pub(crate) exactly_once: bool,
    #[arg(long)]
    pub(crate) lanes: Option<u32>,
}

/// `module`: the component, or `None` for the code compiled in.
pub(crate) fn run(args: &Args, module: Option<PathBuf>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(work(args, module))
}

async fn work(args: &Args, module: Option<PathBuf>) -> anyhow::Result<()> {
    let native: Option<Arc<dyn Guests>> = match &module {
        Some(_) => None,
        None => {
            let job = args.job;
            Some(Arc::new(move || Ok::<_, Failure>(Native::new(job))))
        }
    };
    // A deploy wants a component in any case; native guests take its place.
    let path = module.unwrap_or_else(|| millstream_tests::guest(&args.job.guest()));
    let module = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let host = Host::new(HostConfig {
        settings: Settings::new(
            &args.brokers,
            &[("compression.type".to_owned(), args.codec.clone())],
        )?,
        embedded: None,
        modules_folder: None,
        prefix: args.group.clone(),
        host_id: "bench".to_owned(),
        engine: EngineConfig::default(),
        workers: std::thread::available_parallelism()?.get(),
        in_flight: 64 << 20,
        table_memory: millstream_host::tables::DEFAULT_ROOM,
        table_disk: None,
        native_guests: native,
    })?;
    host.bring_up().await?;
    protocol::wait_for_go()?;
    host.deploy(upload(args, module)).await?;
    let warm = read(&host, args.events / WARM_AFTER).await?;
    say(format_args!("warm {}", warm.records_in))?;
    let done = read(&host, args.events).await?;
    say(format_args!(
        "done {} {} {}",
        done.records_in, done.records_out, done.rejected
    ))?;
    protocol::wait_for_end()?;
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
    let lines = |pairs: &[String]| -> String {
        pairs
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, topic)| format!("{name} = \"{topic}\"\n"))
            .collect()
    };
    let (outputs, tables) = (lines(&args.output), lines(&args.table));
    let mut more = String::new();
    if args.exactly_once {
        more.push_str("delivery = \"exactly-once\"\n");
    }
    if let Some(lanes) = args.lanes {
        more.push_str(&format!("lanes = {lanes}\n"));
    }
    let text = format!(
        "name = \"bench\"\n{more}source = {{ topics = [\"{}\"] }}\nmodule = \"bench.wasm\"\n\
         [outputs]\n{outputs}[tables]\n{tables}[failures]\nrejected = {{ topic = \"{}\" }}\n",
        args.source, args.rejected
    );
    Upload {
        file: "bench".to_owned(),
        text,
        modules: vec![("bench.wasm".to_owned(), module)],
        create_topics: false,
        expected_revision: None,
        request_id: None,
        by: None,
    }
}
