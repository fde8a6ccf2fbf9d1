//! A plot for a terminal: a bar for each contestant, its lightest part from the lowest to the highest round.

use crate::report::{Row, Spread};

const WIDTH: f64 = 50.0;

/// CPU time an event of everybody who did this job, in the order of the rows.
pub(crate) fn bars(job: &str, rows: &[Row]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.job == job) {
        if !names.contains(&row.contestant.as_str()) {
            names.push(&row.contestant);
        }
    }
    let spread = |name: &str| {
        let own = rows
            .iter()
            .filter(|row| row.job == job && row.contestant == name);
        Spread::of(own.map(|row| row.cpu_ns_per_event))
    };
    let bars: Vec<_> = names
        .iter()
        .filter_map(|name| Some((*name, spread(name)?)))
        .collect();
    let longest = bars
        .iter()
        .map(|(_, spread)| spread.high)
        .fold(0.0, f64::max);
    let cells = |figure: f64| (figure / longest * WIDTH).round() as usize;
    bars.iter()
        .map(|(name, Spread { low, median, high })| {
            let (low, median_, high) = (cells(*low), cells(*median), cells(*high));
            let solid = "█".repeat(low) + &"▓".repeat(median_ - low) + &"░".repeat(high - median_);
            format!("{job:<7} {name:<11} {solid} {median:.0}\n")
        })
        .collect()
}
