//! `millstream delete`: ends a transform.

use std::io::{BufRead, IsTerminal, Write};

use crate::api::DeleteQuery;
use crate::args::{self, Server};
use crate::output::{self, Complaint, escape};

/// Delete a transform: it finishes what it has begun and stops
///
/// Its committed offsets stay, so that a transform deployed under the same name later goes on where this one ended;
/// --offsets deletes them too. Topics and records are never touched.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream delete route-swipes\n  millstream delete route-swipes --offsets --yes"
)]
pub(crate) struct Args {
    /// Name of the transform
    name: String,
    /// Delete the committed offsets as well: a transform of that name starts afresh
    #[arg(long)]
    offsets: bool,
    /// Do not ask; needed where there is no terminal to ask on
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let client = args.server.client()?;
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            return Err(Complaint::new("delete", "there is no terminal to ask on")
                .help("give --yes to delete without being asked")
                .usage()
                .into());
        }
        // Asked only of what exists: a typo is told at once.
        let revision = client.describe(&args.name).await?.transform.revision;
        let offsets = if args.offsets {
            " and its committed offsets"
        } else {
            ""
        };
        if !confirmed(&format!(
            "Delete {} (revision {revision}){offsets}?",
            escape(&args.name)
        ))? {
            return Err(Complaint::new(escape(&args.name), "not deleted")
                .help("answer y, or give --yes")
                .into());
        }
    }
    let query = DeleteQuery {
        offsets: args.offsets,
        request_id: Some(args::request_id()),
        by: args::who(),
    };
    let deleted = client.delete(&args.name, &query).await?;
    for warning in &deleted.warnings {
        output::warn(escape(warning));
    }
    let offsets = if deleted.offsets_deleted {
        ", and its committed offsets"
    } else {
        ""
    };
    output::line(format_args!(
        "Deleted {} (revision {}){offsets}.",
        escape(&deleted.name),
        deleted.revision
    ));
    Ok(())
}

fn confirmed(question: &str) -> anyhow::Result<bool> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
