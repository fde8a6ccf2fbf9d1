//! What a contestant and the benchmark say to each other, in lines: `ready` · (any line) · `warm READ` ·
//! `done READ WRITTEN REJECTED` · (end of input). Everything is measured from outside, so contestants of any language are
//! measured in the same way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};

use crate::measure::{self, Usage};

/// Figures begin when this share of the events is read: what a start costs, and cold caches, are no matter of events.
pub(crate) const WARM_AFTER: u64 = 10;

/// The contestant's side.
pub(crate) fn say(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

/// Says that it is ready and waits to be told to begin.
pub(crate) fn wait_for_go() -> anyhow::Result<()> {
    say(format_args!("ready"))?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(())
}

/// Returns when the benchmark has measured for the last time.
pub(crate) fn wait_for_end() -> anyhow::Result<()> {
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?;
    Ok(())
}

/// What a round of a contestant came to, once it was warm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// That the figures are about.
    pub(crate) events: u64,
    pub(crate) seconds: f64,
    pub(crate) user_ns: u64,
    pub(crate) system_ns: u64,
    pub(crate) peak_rss_bytes: u64,
    /// Of the whole round.
    pub(crate) written: u64,
    /// Of the whole round.
    pub(crate) rejected: u64,
}

/// The benchmark's side: waits until a contestant is ready, and lets it run.
pub(crate) fn start(child: &mut Child) -> anyhow::Result<Talk> {
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("no pipes")
    };
    let process = child.id().to_string();
    let mut talk = Talk {
        process,
        stdin,
        lines: BufReader::new(stdout).lines(),
    };
    talk.expect("ready")?;
    talk.stdin.write_all(b"go\n")?;
    Ok(talk)
}

/// Lets a contestant run, measures it, and ends it.
pub(crate) fn watch(child: &mut Child) -> anyhow::Result<Outcome> {
    let mut talk = start(child)?;
    let warm = talk.mark("warm")?;
    let done = talk.mark("done")?;
    let [written, rejected] = done.numbers[1..] else {
        bail!("`done` came without what was written and rejected")
    };
    Ok(Outcome {
        events: done.read() - warm.read(),
        seconds: (done.at - warm.at).as_secs_f64(),
        user_ns: done.usage.user_ns - warm.usage.user_ns,
        system_ns: done.usage.system_ns - warm.usage.system_ns,
        peak_rss_bytes: done.usage.peak_rss_bytes,
        written,
        rejected,
    })
}

/// The way to a contestant; it ends when this is dropped.
pub(crate) struct Talk {
    process: String,
    stdin: ChildStdin,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

/// What was said, and what had been used by then.
struct Mark {
    numbers: Vec<u64>,
    usage: Usage,
    at: Instant,
}

impl Mark {
    fn read(&self) -> u64 {
        self.numbers[0]
    }
}

impl Talk {
    fn expect(&mut self, word: &str) -> anyhow::Result<String> {
        let line = self
            .lines
            .next()
            .with_context(|| format!("it ended before it said {word:?}"))?
            .context("read what it says")?;
        ensure!(
            line.starts_with(word),
            "it said {line:?} instead of {word:?}"
        );
        Ok(line)
    }

    fn mark(&mut self, word: &str) -> anyhow::Result<Mark> {
        let line = self.expect(word)?;
        let (at, usage) = (Instant::now(), measure::of(&self.process)?);
        let numbers = line.split_whitespace().skip(1).map(str::parse);
        let numbers: Vec<u64> = numbers
            .collect::<Result<_, _>>()
            .with_context(|| line.clone())?;
        ensure!(!numbers.is_empty(), "it said {line:?} without a number");
        Ok(Mark { numbers, usage, at })
    }
}
