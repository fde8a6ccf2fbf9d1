//! `millstream logs`: what a transform had to say.

use crate::api::{LogLine, LogsQuery};
use crate::args::Server;
use crate::output::{self, escape, style};

/// Show what a transform logged: its own lines, its stdout and stderr, and the host's remarks about it
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream logs route-swipes\n  millstream logs route-swipes -f --tail 0"
)]
pub(crate) struct Args {
    /// Name of the transform
    name: String,
    /// Go on with new lines until interrupted
    #[arg(short, long)]
    follow: bool,
    /// How many of the newest lines to begin with [default: 100]
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
    #[command(flatten)]
    server: Server,
    /// Print lines as JSON objects
    #[arg(long)]
    json: bool,
}

/// How many lines there are without `--tail`.
const TAIL: usize = 100;

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let query = LogsQuery {
        tail: Some(args.tail.unwrap_or(TAIL)),
        follow: args.follow,
    };
    let mut lines = args.server.client()?.logs(&args.name, &query).await?;
    let style = style::stdout();
    let mut any = false;
    while let Some(line) = lines.next::<LogLine>().await? {
        any = true;
        if args.json {
            output::line(output::escape_json(&serde_json::to_string(&line)?));
        } else {
            output::line(text(&line, style));
        }
    }
    if args.follow {
        output::note("The host ended the log.");
    } else if !any && !args.json {
        output::note(format_args!(
            "{} has logged nothing on this host.",
            escape(&args.name)
        ));
    }
    Ok(())
}

fn text(line: &LogLine, style: style::Style) -> String {
    let level = format!("{:<5}", escape(&line.level).to_uppercase());
    let level = match line.level.as_str() {
        "error" => style.red(level),
        "warn" => style.yellow(level),
        _ => style.dim(level),
    };
    // The guest's own lines are what people come for: only the others say where they are from.
    let source = if line.source == "guest" {
        String::new()
    } else {
        format!("{}: ", escape(&line.source))
    };
    let time = style.dim(escape(&line.time));
    format!("{time} {level} {source}{}", escape(&line.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_in_a_message_cannot_forge_a_line() {
        let line = LogLine {
            time: "2026-01-01T00:00:00.000Z".into(),
            level: "info".into(),
            source: "stderr".into(),
            host: "a".into(),
            revision: 1,
            message: "hello\n2026 ERROR \u{1b}[31mforged".into(),
        };
        assert_eq!(
            text(&line, style::stdout()),
            r"2026-01-01T00:00:00.000Z INFO  stderr: hello\n2026 ERROR \x1b[31mforged"
        );
    }
}
