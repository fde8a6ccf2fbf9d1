//! What a run came to: a table for people, JSON for programs.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::Table;
use serde::{Deserialize, Serialize};

use crate::Options;
use crate::contestant::Contestant;
use crate::job::Job;
use crate::plot;
use crate::protocol::Outcome;
use crate::versions;

/// One contestant in one round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) job: String,
    pub(crate) contestant: String,
    pub(crate) round: u32,
    pub(crate) events: u64,
    pub(crate) events_per_second: f64,
    pub(crate) cpu_ns_per_event: f64,
    pub(crate) user_ns_per_event: f64,
    pub(crate) system_ns_per_event: f64,
    pub(crate) broker_cpu_ns_per_event: f64,
    pub(crate) peak_rss_bytes: u64,
    pub(crate) output_hash: String,
}

impl Row {
    pub(crate) fn new(
        job: Job,
        contestant: Contestant,
        round: u32,
        events: u64,
        outcome: &Outcome,
        broker_ns: u64,
        output_hash: String,
    ) -> Self {
        let each = |ns: u64| ns as f64 / outcome.events as f64;
        Self {
            job: job.name().to_owned(),
            contestant: contestant.name().to_owned(),
            round,
            events,
            events_per_second: outcome.events as f64 / outcome.seconds,
            cpu_ns_per_event: each(outcome.user_ns + outcome.system_ns),
            user_ns_per_event: each(outcome.user_ns),
            system_ns_per_event: each(outcome.system_ns),
            // The broker's is of the whole round.
            broker_cpu_ns_per_event: broker_ns as f64 / events as f64,
            peak_rss_bytes: outcome.peak_rss_bytes,
            output_hash,
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

    fn ratio_to(&self, other: &Row) -> f64 {
        self.cpu_ns_per_event / other.cpu_ns_per_event
    }
}

/// Lowest, middle and highest.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = match figures.len() % 2 {
            1 => figures[middle],
            _ => f64::midpoint(*figures.get(middle.checked_sub(1)?)?, figures[middle]),
        };
        Some(Self {
            low: *figures.first()?,
            median,
            high: *figures.last()?,
        })
    }

    fn text(spread: Option<Self>, digits: usize) -> String {
        spread.map_or_else(String::new, |Self { low, median, high }| {
            format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
        })
    }
}

/// Every round.
#[derive(Default)]
pub(crate) struct Results {
    /// Pairs of the first contestant against itself.
    pub(crate) noise: Vec<(Row, Row)>,
    pub(crate) rows: Vec<Row>,
}

impl Results {
    pub(crate) fn print(&self, options: &Options, events: usize) {
        println!(
            "Median (lowest to highest) of {} rounds of {events} events, codec {}; outputs equal in all.",
            options.rounds, options.codec
        );
        println!("{}", versions::text());
        for job in &options.jobs {
            println!("{}", self.table(*job, options));
            let noise = self.noise.iter().filter(|(a, _)| a.job == job.name());
            let noise = Spread::of(noise.map(|(a, b)| a.ratio_to(b)));
            println!("A/A: {} x\n", Spread::text(noise, 3));
        }
        println!("CPU time of one event, ns; each character is a fiftieth of the longest.");
        for job in &options.jobs {
            println!("{}", plot::bars(job.name(), &self.rows));
        }
    }

    fn table(&self, job: Job, options: &Options) -> Table {
        let mut table = Table::new();
        table.set_header([
            job.name(),
            "CPU ns an event",
            "of Millstream's",
            "events/s",
            "broker's ns",
            "peak MiB",
        ]);
        let of = |who: Contestant| {
            let rows = self.rows.iter().filter(move |row| row.job == job.name());
            rows.filter(move |row| row.contestant == who.name())
        };
        for who in options.contestants.iter().filter(|who| who.can(job)) {
            let column = |figure: fn(&Row) -> f64, digits| {
                Spread::text(Spread::of(of(*who).map(figure)), digits)
            };
            // Round by round, so that what slows all of a round down does not count.
            let ratios = of(*who).filter_map(|row| {
                let same_round = |own: &&Row| own.round == row.round;
                of(Contestant::Millstream)
                    .find(same_round)
                    .map(|own| row.ratio_to(own))
            });
            table.add_row([
                who.name().to_owned(),
                column(|row| row.cpu_ns_per_event, 0),
                Spread::text(Spread::of(ratios), 2),
                column(|row| row.events_per_second, 0),
                column(|row| row.broker_cpu_ns_per_event, 0),
                column(|row| (row.peak_rss_bytes >> 20) as f64, 0),
            ]);
        }
        table
    }

    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        std::fs::write(path, serde_json::to_string_pretty(&self.rows)?)
            .with_context(|| path.display().to_string())?;
        println!("{} has every round.", path.display());
        Ok(())
    }
}
