//! `millstream list`: every transform and how it is getting on.

use crate::api::{State, Transform, TransformList};
use crate::args::Server;
use crate::output::{self, escape, numbers, style, table::Columns};

/// List the transforms: what they read and write, their state, their numbers
///
/// The numbers are of the host that answers, since it started: records read, written and rejected, and the lag of its
/// partitions. With several hosts, ask each for its own.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream list\n  millstream list --json | jq '.transforms[].state'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let list = args.server.client()?.list().await?;
    if args.json {
        return output::json(&list);
    }
    if list.transforms.is_empty() {
        output::note(
            "No transforms yet: `millstream new` starts one, `millstream deploy` deploys it.",
        );
        return Ok(());
    }
    let mut columns = Columns::new(&[
        "NAME",
        ">REVISION",
        "MODULE",
        "SOURCE",
        "OUTPUTS",
        "STATE",
        ">IN",
        ">OUT",
        ">REJECTED",
        ">LAG",
    ]);
    for transform in &list.transforms {
        columns.row(cells(transform));
    }
    columns.print();
    for transform in &list.transforms {
        if let (State::Failed | State::Waiting, Some(reason)) = (transform.state, &transform.reason)
        {
            output::line(format_args!(
                "{}: {}: {}",
                escape(&transform.name),
                transform.state.as_str(),
                escape(reason)
            ));
        }
    }
    if let Some(note) = whose_numbers(&list) {
        output::note(style::stderr().dim(note));
    }
    Ok(())
}

fn cells(transform: &Transform) -> Vec<String> {
    vec![
        escape(&transform.name).into_owned(),
        transform.revision.to_string(),
        escape(numbers::short(&transform.digest)).into_owned(),
        escape(&transform.source.join(", ")).into_owned(),
        outputs(transform),
        transform.state.as_str().to_owned(),
        numbers::count(transform.records_in),
        numbers::count(transform.records_out),
        numbers::count(transform.rejected),
        lag(transform),
    ]
}

/// `likes=swipes.likes, passes=swipes.passes`.
fn outputs(transform: &Transform) -> String {
    let pairs: Vec<String> = transform
        .outputs
        .iter()
        .map(|(name, topic)| format!("{name}={topic}"))
        .collect();
    escape(&pairs.join(", ")).into_owned()
}

/// `0`, `12,345 (3 min)`, or `?` as long as it is not known.
pub(super) fn lag(transform: &Transform) -> String {
    match (transform.lag_records, transform.lag_seconds) {
        (None, _) => "?".to_owned(),
        (Some(records), Some(seconds)) if records > 0 => {
            format!("{} ({})", numbers::count(records), numbers::age(seconds))
        }
        (Some(records), _) => numbers::count(records),
    }
}

/// With more than one host the numbers need an owner.
fn whose_numbers(list: &TransformList) -> Option<String> {
    let others: Vec<&str> = list
        .hosts
        .iter()
        .map(String::as_str)
        .filter(|host| *host != list.host)
        .collect();
    if others.is_empty() {
        return None;
    }
    let these = if others.len() == 1 {
        "the other host is"
    } else {
        "the other hosts are"
    };
    Some(format!(
        "States and numbers are those of host {} alone: {these} {}. Ask each with --server for its own.",
        escape(&list.host),
        escape(&others.join(", "))
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn transform() -> Transform {
        Transform {
            name: "route-swipes".into(),
            revision: 3,
            digest: "0123456789abcdef".into(),
            source: vec!["swipes".into()],
            outputs: [("likes".into(), "swipes.likes".into())].into(),
            state: State::Running,
            reason: None,
            records_in: 1_000,
            records_out: 900,
            rejected: 1,
            lag_records: Some(12_345),
            lag_seconds: Some(180.0),
        }
    }

    #[test]
    fn a_row_shows_everything_there_is_to_know() {
        assert_eq!(
            cells(&transform()).join("|"),
            "route-swipes|3|0123456789ab|swipes|likes=swipes.likes|running|1,000|900|1|12,345 (3 min)"
        );
    }

    #[test]
    fn an_unknown_lag_is_not_shown_as_none() {
        assert_eq!(
            lag(&Transform {
                lag_records: None,
                ..transform()
            }),
            "?"
        );
        assert_eq!(
            lag(&Transform {
                lag_records: Some(0),
                ..transform()
            }),
            "0"
        );
    }

    #[test]
    fn with_two_hosts_the_numbers_have_an_owner() {
        let alone = TransformList {
            host: "a".into(),
            hosts: vec!["a".into()],
            transforms: vec![],
        };
        assert_eq!(whose_numbers(&alone), None);
        let two = TransformList {
            hosts: vec!["a".into(), "b".into()],
            ..alone
        };
        assert!(
            whose_numbers(&two)
                .expect("a note")
                .contains("host a alone: the other host is b")
        );
    }
}
