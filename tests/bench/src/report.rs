//! What a run came to: a table for people, JSON for programs.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::Table;
use serde::Serialize;

use crate::Options;
use crate::contestant::{Kind, Outcome};

/// One contestant in one round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    job: &'static str,
    contestant: &'static str,
    round: u32,
    events: u64,
    events_per_second: f64,
    cpu_ns_per_event: f64,
    user_ns_per_event: f64,
    system_ns_per_event: f64,
    broker_cpu_ns_per_event: f64,
    peak_rss_bytes: u64,
    output_hash: String,
}

impl Row {
    pub(crate) fn new(
        kind: Kind,
        round: u32,
        events: u64,
        outcome: &Outcome,
        broker_ns: u64,
        hash: String,
    ) -> Self {
        let each = |ns: u64| ns as f64 / outcome.events as f64;
        Self {
            job: "route",
            contestant: kind.name(),
            round,
            events,
            events_per_second: outcome.events as f64 / outcome.seconds,
            cpu_ns_per_event: each(outcome.user_ns + outcome.system_ns),
            user_ns_per_event: each(outcome.user_ns),
            system_ns_per_event: each(outcome.system_ns),
            // The broker's is of the whole round.
            broker_cpu_ns_per_event: broker_ns as f64 / events as f64,
            peak_rss_bytes: outcome.peak_rss_bytes,
            output_hash: hash,
        }
    }

    pub(crate) fn line(&self) -> String {
        format!(
            "{:<10} {:>5.0} ns of CPU an event ({:.0} user, {:.0} system), {:.0} events/s, {} MiB at most",
            self.contestant,
            self.cpu_ns_per_event,
            self.user_ns_per_event,
            self.system_ns_per_event,
            self.events_per_second,
            self.peak_rss_bytes >> 20
        )
    }
}

/// Lowest, middle and highest.
fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let median = if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    };
    (figures[0], median, figures[figures.len() - 1])
}

fn spread_text(figures: Vec<f64>, digits: usize) -> String {
    let (low, median, high) = spread(figures);
    format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
}

pub(crate) fn print(options: &Options, noise: &[(Row, Row)], rows: &[Row]) {
    let of = |kind: Kind| rows.iter().filter(move |row| row.contestant == kind.name());
    let mut table = Table::new();
    table.set_header([
        "route",
        "CPU ns an event",
        "events/s",
        "broker's ns",
        "peak MiB",
    ]);
    for kind in [Kind::Millstream, Kind::Native] {
        let column = |figure: fn(&Row) -> f64| of(kind).map(figure).collect::<Vec<_>>();
        table.add_row([
            kind.name().to_owned(),
            spread_text(column(|row| row.cpu_ns_per_event), 0),
            spread_text(column(|row| row.events_per_second), 0),
            spread_text(column(|row| row.broker_cpu_ns_per_event), 0),
            spread_text(column(|row| (row.peak_rss_bytes >> 20) as f64), 0),
        ]);
    }
    println!(
        "Median (lowest to highest) of {} rounds of {} events; outputs equal in all.",
        options.rounds, options.events
    );
    println!("{table}");
    let ratio = |a: &Row, b: &Row| a.cpu_ns_per_event / b.cpu_ns_per_event;
    println!(
        "A/A: {} x",
        spread_text(noise.iter().map(|(a, b)| ratio(a, b)).collect(), 3)
    );
    let pairs = of(Kind::Millstream).map(|row| {
        let native = of(Kind::Native).find(|native| native.round == row.round);
        native.map_or(f64::NAN, |native| ratio(row, native))
    });
    println!(
        "millstream / native, CPU an event, round by round: {} x",
        spread_text(pairs.collect(), 3)
    );
}

pub(crate) fn save(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(path, serde_json::to_string_pretty(rows)?)
        .with_context(|| path.display().to_string())?;
    println!("{} has every round.", path.display());
    Ok(())
}
