//! The log of the process, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

const DEFAULT_FILTER: &str = "info,librdkafka=off,rdkafka=off";

#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Logging {
    /// How the log is written; RUST_LOG says how much of it, such as RUST_LOG=debug
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        env = "MILLSTREAM_LOG_FORMAT"
    )]
    log_format: Format,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    /// For people
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

impl Logging {
    /// From here on the process has a log. `RUST_LOG` says how much goes in; by default, what an operator wants to see.
    pub(crate) fn install(&self) {
        // The client library's own lines speak of brokers and threads, not of transforms; what matters of them comes as
        // errors, and the host says it in its own words.
        let filter =
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        // A subscriber that somebody else has installed is as good.
        let _ = match self.log_format {
            Format::Json => builder.json().flatten_event(true).try_init(),
            Format::Text => {
                let colour =
                    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                builder.with_ansi(colour).with_target(false).try_init()
            }
        };
    }
}
