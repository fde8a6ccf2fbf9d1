//! `millstream describe`: all there is to know of one transform.

use crate::api::{State, TransformDetail};
use crate::args::Server;
use crate::output::{self, escape, numbers, style, table::Columns};

/// Show one transform: module, limits, positions, failures, manifest
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream describe route-swipes\n  millstream describe route-swipes --json | jq -r .manifest"
)]
pub(crate) struct Args {
    /// Name of the transform
    name: String,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let detail = args.server.client()?.describe(&args.name).await?;
    if args.json {
        return output::json(&detail);
    }
    output::line(text(&detail));
    Ok(())
}

fn text(detail: &TransformDetail) -> String {
    let style = style::stdout();
    let transform = &detail.transform;
    let mut facts = Facts::default();
    facts.add("name", style.bold(escape(&transform.name)));
    let by = detail
        .deployed_by
        .as_deref()
        .map(|by| format!(" by {}", escape(by)))
        .unwrap_or_default();
    facts.add(
        "revision",
        format!(
            "{}, deployed {}{by}",
            transform.revision,
            escape(&detail.deployed_at)
        ),
    );
    let state = match transform.state {
        State::Running => style.green(transform.state.as_str()),
        State::Failed => style.red(transform.state.as_str()),
        _ => style.yellow(transform.state.as_str()),
    };
    facts.add("state", format!("{state} since {}", escape(&detail.since)));
    if let Some(reason) = &transform.reason {
        facts.add("reason", escape(reason));
    }
    facts.add(
        "module",
        format!(
            "{}, {}",
            escape(&detail.module.file),
            bytesize::ByteSize(detail.module.size)
        ),
    );
    facts.add("sha-256", escape(&transform.digest));
    facts.add("reads", some(&detail.module.reads));
    if !detail.module.fields.is_empty() {
        facts.add("fields", some(&detail.module.fields));
    }
    facts.add("source", escape(&transform.source.join(", ")));
    for (name, topic) in &transform.outputs {
        facts.add("output", format!("{} -> {}", escape(name), escape(topic)));
    }
    for (name, table) in &detail.tables {
        let how = format!(
            "{}, {}",
            escape(&table.state),
            numbers::counted(table.rows, "row")
        );
        let topic = escape(&table.topic);
        facts.add("table", format!("{} <- {topic}: {how}", escape(name)));
    }
    facts.add("rejected", format!("-> {}", escape(&detail.rejected_topic)));
    if !detail.module.counters.is_empty() {
        facts.add("counters", some(&detail.module.counters));
    }
    let limits = &detail.limits;
    facts.add(
        "limits",
        format!(
            "{} an instance, {} ms of CPU a call, {} returned, {} or {} written",
            bytesize::ByteSize(limits.memory),
            numbers::count(limits.batch_time_ms),
            bytesize::ByteSize(limits.result_bytes),
            bytesize::ByteSize(limits.written_bytes),
            numbers::counted(limits.written_records, "record"),
        ),
    );
    facts.add(
        "records",
        format!(
            "{} in, {} out, {} rejected, lag {}",
            numbers::count(transform.records_in),
            numbers::count(transform.records_out),
            numbers::count(transform.rejected),
            super::list::lag(transform)
        ),
    );
    for (kind, count) in &detail.failures {
        facts.add(
            "failed",
            format!("{}: {}", escape(kind), numbers::counted(*count, "call")),
        );
    }
    for position in &detail.positions {
        if let Some(retrying) = &position.retrying {
            let text = format!(
                "{}/{} since {}, {}, next at {}: {}",
                escape(&position.topic),
                position.partition,
                escape(&retrying.since),
                numbers::counted(u64::from(retrying.attempts), "time"),
                escape(&retrying.next),
                escape(&retrying.reason)
            );
            facts.add("retrying", text);
        }
    }
    for (host, elsewhere) in &detail.elsewhere {
        let reason = elsewhere
            .reason
            .as_deref()
            .map(|reason| format!(": {}", escape(reason)))
            .unwrap_or_default();
        let told = escape(&elsewhere.at);
        facts.add(
            "elsewhere",
            format!(
                "host {}: revision {} {}{reason} ({told})",
                escape(host),
                elsewhere.revision,
                elsewhere.state.as_str()
            ),
        );
    }
    let mut out = facts.0;
    if detail.hosts.len() > 1 {
        out.push_str(&format!(
            "\nState, numbers and positions are those of host {}.\n",
            escape(&detail.host)
        ));
    }
    if !detail.positions.is_empty() {
        out.push('\n');
        out.push_str(&positions(detail));
        out.push('\n');
    }
    out.push('\n');
    for line in detail.manifest.trim_end().lines() {
        out.push_str(format!("  {}", escape(line)).trim_end());
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// Names on the left, values in one column.
#[derive(Default)]
struct Facts(String);

impl Facts {
    fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push_str(&format!("{name:<10} {value}\n"));
    }
}

fn some(names: &[String]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        escape(&names.join(", ")).into_owned()
    }
}

fn positions(detail: &TransformDetail) -> String {
    let known =
        |offset: Option<i64>| offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
    let mut columns = Columns::new(&["TOPIC", ">PARTITION", ">DONE", ">COMMITTED", ">END", ">LAG"]);
    for position in &detail.positions {
        columns.row([
            escape(&position.topic).into_owned(),
            position.partition.to_string(),
            position.done.to_string(),
            known(position.committed),
            known(position.end),
            known(
                position
                    .end
                    .map(|end| end.saturating_sub(position.done).max(0)),
            ),
        ]);
    }
    columns.text(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Limits, ModuleInfo, Position, Retrying};

    #[test]
    fn what_a_guest_or_another_user_wrote_cannot_steer_the_terminal() {
        let evil = "\u{1b}]0;x\u{7}\u{202e}".to_owned();
        let transform = crate::api::Transform {
            state: State::Failed,
            reason: Some(evil.clone()),
            ..super::super::list::tests::transform()
        };
        let detail = TransformDetail {
            host: evil.clone(),
            hosts: vec![evil.clone(), "b".into()],
            transform,
            manifest: format!("name = \"x\"\n# {evil}\n"),
            rejected_topic: evil.clone(),
            deployed_at: evil.clone(),
            deployed_by: Some(evil.clone()),
            since: evil.clone(),
            module: ModuleInfo {
                file: evil.clone(),
                reads: vec![evil.clone()],
                fields: vec![evil.clone()],
                counters: vec![evil.clone()],
                ..Default::default()
            },
            limits: Limits::default(),
            failures: [(evil.clone(), 3)].into(),
            tables: [(
                evil.clone(),
                crate::api::Table {
                    topic: evil.clone(),
                    state: evil.clone(),
                    reason: Some(evil.clone()),
                    ..Default::default()
                },
            )]
            .into(),
            positions: vec![Position {
                topic: evil.clone(),
                partition: 0,
                done: 5,
                committed: None,
                end: Some(9),
                retrying: Some(Retrying {
                    since: evil.clone(),
                    next: evil.clone(),
                    attempts: 3,
                    reason: evil,
                }),
            }],
            elsewhere: [].into(),
        };
        let text = text(&detail);
        assert!(
            text.chars()
                .all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'),
            "{text:?}"
        );
        assert!(
            text.contains("  name = \"x\"\n  # \\x1b]0;x\\x07\\u{202e}"),
            "{text}"
        );
    }
}
