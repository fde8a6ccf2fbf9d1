//! `millstream demo`: 100,000 events through four transforms, everything in one process, and every record of it checked.
//!
//! It does what a user does, through the same API and the same client code: starts a host with an embedded broker, creates
//! topics, deploys filter, enrich, route and profiles, writes events with a Kafka client and reads what comes out with another.
//!
//! ```text
//! events ──filter──> swipes ──enrich──> swipes.enriched ──route──> swipes.likes, swipes.passes
//!                          profiles (a table) ──┐
//!                         swipes.likes ──profiles──> likes.joined, likes.unknown
//! ```

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::api::{CreateTopic, DEFAULT_PORT, State};
use crate::client::{Address, Client};
use crate::commands::{deploy, dev};
use crate::output::{self, Complaint, escape, numbers, style};

mod check;
mod event;
mod expect;
mod feed;
mod profile;
mod report;

/// Run 100,000 events through four example transforms, and check every record that comes out
///
/// A host with an embedded broker, the transforms, the generator and the checker run in this process; nothing is left
/// behind. Exits with 1 if one record is missing, wrong, doubled or out of order.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  make demo          builds what the demo needs, then runs it\n  KEEP=1 make demo   leaves it running, to look around"
)]
pub(crate) struct Args {
    /// Folder with filter.wasm, enrich.wasm, route.wasm and profiles.wasm
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/wasm32-wasip2/release"
    )]
    modules: PathBuf,
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=2_000_000))]
    events: u64,
    /// Leave host and broker running afterwards, until interrupted
    #[arg(long)]
    keep: bool,
}

/// The four transforms: name, source, settings, outputs, tables, and the topic for what is rejected.
const TRANSFORMS: [Transform; 4] = [
    Transform {
        name: "filter",
        source: expect::EVENTS,
        settings: &[("keep", "swipe")],
        outputs: &[("kept", expect::SWIPES)],
        tables: &[],
        rejected: expect::FILTER_REJECTED,
    },
    Transform {
        name: "enrich",
        source: expect::SWIPES,
        settings: &[("regions", expect::REGIONS), ("fallback", expect::FALLBACK)],
        outputs: &[("enriched", expect::ENRICHED)],
        tables: &[],
        rejected: expect::ENRICH_REJECTED,
    },
    Transform {
        name: "route",
        source: expect::ENRICHED,
        settings: &[],
        outputs: &[("likes", expect::LIKES), ("passes", expect::PASSES)],
        tables: &[],
        rejected: expect::ROUTE_REJECTED,
    },
    Transform {
        name: "profiles",
        source: expect::LIKES,
        settings: &[],
        outputs: &[("joined", expect::JOINED), ("unknown", expect::UNKNOWN)],
        tables: &[("profiles", expect::PROFILES)],
        rejected: expect::PROFILES_REJECTED,
    },
];

struct Transform {
    name: &'static str,
    source: &'static str,
    settings: &'static [(&'static str, &'static str)],
    outputs: &'static [(&'static str, &'static str)],
    tables: &'static [(&'static str, &'static str)],
    rejected: &'static str,
}

/// The embedded broker keeps 5 MiB of a partition: a third of that leaves room for uneven keys and for growth by enrich.
const BYTES_A_PARTITION: u64 = 5 * 1024 * 1024 / 3;
/// What an event takes on the way, with key, headers and the record's frame.
const BYTES_AN_EVENT: u64 = 530;
/// Nothing comes out for so long: something is stuck.
const STALLED: Duration = Duration::from_secs(20);

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let interrupted = async {
        // Without a handler there is the default one, which ends the process just as well.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    for transform in &TRANSFORMS {
        module(&args.modules, transform)?;
    }
    let host = start(args.keep).await?;
    let ended = tokio::select! {
        ended = show(&args, &host) => ended,
        () = interrupted => Err(Complaint::new("demo", "interrupted").into()),
    };
    let ended = match ended {
        Ok(()) if args.keep => {
            report::next_steps_here(&host.address.to_string());
            tokio::signal::ctrl_c().await.map_err(anyhow::Error::from)
        }
        other => other,
    };
    host.stop().await;
    ended
}

fn module(folder: &Path, transform: &Transform) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("{}.wasm", transform.name));
    if path.is_file() {
        return Ok(path);
    }
    Err(
        Complaint::new(escape(&path.to_string_lossy()), "there is no such file")
            .help("`make demo` builds the examples first; --modules says which folder they are in")
            .into(),
    )
}

/// The host, on its usual port if that is free and the demo stays: then the commands to try need no address.
async fn start(keep: bool) -> anyhow::Result<dev::DevHost> {
    let options = |port| dev::DevOptions {
        listen: ([127, 0, 0, 1], port).into(),
        quiet: true,
        ..dev::DevOptions::default()
    };
    if keep && let Ok(host) = dev::start(options(DEFAULT_PORT)).await {
        return Ok(host);
    }
    dev::start(options(0)).await
}

/// From the first topic to the last line of the report.
async fn show(args: &Args, host: &dev::DevHost) -> anyhow::Result<()> {
    let style = style::stdout();
    let address: Address = host
        .address
        .to_string()
        .parse()
        .map_err(anyhow::Error::msg)?;
    let client = Client::new(address)?;
    output::line(format_args!(
        "A host at http://{}, a broker at {}, both in this process.",
        host.address, host.brokers
    ));

    let partitions = (args.events * BYTES_AN_EVENT)
        .div_ceil(BYTES_A_PARTITION)
        .clamp(4, 1_000) as i32;
    for name in expect::TOPICS.into_iter().chain([expect::PROFILES]) {
        client
            .create_topic(&CreateTopic {
                name: name.to_owned(),
                partitions: Some(partitions),
            })
            .await?;
    }
    let brokers = host.brokers.clone();
    let rows = tokio::task::spawn_blocking(move || feed::feed_profiles(&brokers)).await??;
    output::line(format_args!(
        "A table of {} profiles in the topic {}.",
        numbers::count(rows),
        expect::PROFILES
    ));
    let mut authors = HashMap::new();
    for transform in &TRANSFORMS {
        let deployed = deploy_one(&client, args, transform).await?;
        let (name, source) = (transform.name, transform.source);
        authors.insert(
            transform.rejected,
            check::Author {
                name,
                source,
                revision: deployed.revision,
                digest: deployed.digest,
            },
        );
    }

    let events = args.events;
    let expected = tokio::task::spawn_blocking(move || expect::everything(events)).await?;
    let plan = report::Plan::of(&expected);
    output::line(format_args!(
        "{} events of a dating app into {} partitions, {} on purpose:",
        numbers::count(events),
        partitions,
        style.bold("some of them malformed")
    ));
    let shared = Arc::new(check::Shared::default());
    let checker = check::Checker::new(
        &host.brokers,
        partitions,
        expected,
        authors,
        Arc::clone(&shared),
    )?;
    let checking = tokio::task::spawn_blocking(move || checker.run());

    let began = (Instant::now(), report::cpu_time());
    let acknowledged = Arc::new(feed::Acknowledged::default());
    let feeding = {
        let (brokers, acknowledged) = (host.brokers.clone(), Arc::clone(&acknowledged));
        tokio::task::spawn_blocking(move || feed::feed(&brokers, events, acknowledged))
    };
    let watched = watch(&client, plan.records(), &shared, &acknowledged, began.0).await;
    let cost = report::Cost {
        wall: began.0.elapsed(),
        cpu: report::cpu_time().saturating_sub(began.1),
    };
    // Whatever happened, the checker says what it has seen before anything else is said.
    let settled = match watched {
        Ok(()) => settle(&client, &plan).await,
        Err(error) => Err(error),
    };
    shared.stop.store(true, Ordering::Release);
    let verdict = checking.await??;
    if settled.is_ok() {
        feeding.await??;
    }
    let list = client.list().await?;
    let metrics = client.metrics().await.unwrap_or_default();
    report::print(&plan, &verdict, &list, &metrics, &cost);
    settled?;
    report::judge(&plan, &verdict, &list)?;
    if !args.keep {
        report::next_steps();
    }
    Ok(())
}

/// Deploys one transform as `millstream deploy` does.
async fn deploy_one(
    client: &Client,
    args: &Args,
    transform: &Transform,
) -> anyhow::Result<crate::api::Deployed> {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(key, value)| crate::args::Pair {
                key: (*key).to_owned(),
                value: (*value).to_owned(),
            })
            .collect()
    };
    let changes = deploy::Changes {
        name: Some(transform.name.to_owned()),
        from: vec![transform.source.to_owned()],
        to: pairs(transform.outputs),
        table: pairs(transform.tables),
        setting: pairs(transform.settings),
        rejected: Some(transform.rejected.to_owned()),
        ..deploy::Changes::default()
    };
    let manifest = deploy::assemble(Some(&module(&args.modules, transform)?), None, &changes)?;
    let deployed = deploy::upload(client, &manifest, false, None).await?;
    deploy::until_running(client, &deployed, Duration::from_secs(30)).await?;
    output::line(report::deployed(transform.name, &deployed));
    Ok(deployed)
}

/// Waits until as many records as expected have come by, showing how far it is.
async fn watch(
    client: &Client,
    total: u64,
    shared: &check::Shared,
    acknowledged: &feed::Acknowledged,
    began: Instant,
) -> anyhow::Result<()> {
    let bar = output::progress::bar(total, "checked");
    let mut last = (0, Instant::now());
    let mut asked = began;
    loop {
        let records = shared.records.load(Ordering::Relaxed);
        bar.set_position(records.min(total));
        if records >= total {
            bar.finish_and_clear();
            return Ok(());
        }
        if records != last.0 {
            last = (records, Instant::now());
        }
        if last.1.elapsed() > STALLED {
            bar.finish_and_clear();
            let sent = acknowledged.records.load(Ordering::Relaxed);
            return Err(Complaint::new("demo", format!(
                "nothing came out for {}: {sent} events went in, {records} of {total} records were found",
                numbers::took(STALLED)
            ))
            .into());
        }
        if asked.elapsed() > Duration::from_millis(500) {
            asked = Instant::now();
            if let Some(failed) = client
                .list()
                .await?
                .transforms
                .into_iter()
                .find(|transform| transform.state == State::Failed)
            {
                bar.finish_and_clear();
                let reason = failed.reason.unwrap_or_default();
                return Err(
                    Complaint::new(failed.name, format!("failed: {}", escape(&reason))).into(),
                );
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until every transform is done with all of its source, so that a surplus record has come out too. Judged by the
/// positions: the lag that a host tells is counted every few seconds only.
async fn settle(client: &Client, plan: &report::Plan) -> anyhow::Result<()> {
    let began = Instant::now();
    for transform in &TRANSFORMS {
        let records = plan.topic(transform.source);
        loop {
            let positions = client.describe(transform.name).await?.positions;
            let done: u64 = positions
                .iter()
                .map(|position| position.done.max(0).unsigned_abs())
                .sum();
            if done >= records {
                break;
            }
            if began.elapsed() > STALLED {
                let behind = format!(
                    "still at {done} of {records} records of {} after everything came out",
                    transform.source
                );
                return Err(Complaint::new(transform.name, behind).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}
