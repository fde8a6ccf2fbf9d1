//! Two runs side by side: what became of each contestant's CPU time and throughput.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::Table;

use crate::report::{Row, Spread};

pub(crate) fn run(before: &Path, after: &Path) -> anyhow::Result<()> {
    let [before, after] = [read(before)?, read(after)?];
    let mut table = Table::new();
    table.set_header([
        "job",
        "contestant",
        "CPU ns before",
        "after",
        "ratio",
        "events/s before",
        "after",
        "ratio",
        "outputs",
    ]);
    let mut seen = Vec::new();
    for row in &after {
        let who = (&row.job, &row.contestant);
        if seen.contains(&who) {
            continue;
        }
        seen.push(who);
        let of = |rows: &[Row], figure: fn(&Row) -> f64| {
            let own = rows.iter().filter(|row| (&row.job, &row.contestant) == who);
            Spread::of(own.map(figure)).map(|spread| spread.median)
        };
        let pair = |figure: fn(&Row) -> f64| Some((of(&before, figure)?, of(&after, figure)?));
        let (Some(cpu), Some(speed)) = (
            pair(|row| row.cpu_ns_per_event),
            pair(|row| row.events_per_second),
        ) else {
            continue;
        };
        let same = before
            .iter()
            .any(|old| old.job == row.job && old.output_hash == row.output_hash);
        table.add_row([
            row.job.clone(),
            row.contestant.clone(),
            format!("{:.0}", cpu.0),
            format!("{:.0}", cpu.1),
            format!("{:.2}", cpu.1 / cpu.0),
            format!("{:.0}", speed.0),
            format!("{:.0}", speed.1),
            format!("{:.2}", speed.1 / speed.0),
            if same { "equal" } else { "not comparable" }.to_owned(),
        ]);
    }
    println!("{table}");
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<Row>> {
    let text = std::fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is no result of the benchmark", path.display()))
}
