//! Arguments that several commands share, and the values they are parsed into.

use crate::api::DEFAULT_PORT;
use crate::client::{Address, Client};

/// Where the host is.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Server {
    /// Address of a host's API
    #[arg(long, value_name = "HOST:PORT", env = "MILLSTREAM_SERVER", default_value_t = default_server(), global = false)]
    server: String,
}

fn default_server() -> String {
    format!("127.0.0.1:{DEFAULT_PORT}")
}

impl Server {
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let address: Address = self.server.parse().map_err(|reason: String| {
            crate::output::Complaint::new(
                format!("--server '{}'", crate::output::escape(&self.server)),
                reason,
            )
            .help(format!(
                "the default is {}; MILLSTREAM_SERVER sets it as well",
                default_server()
            ))
            .usage()
        })?;
        Client::new(address)
    }
}

/// `key=value` of an option that can be given several times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl std::str::FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Pair, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Pair {
                key: key.trim().to_owned(),
                value: value.to_owned(),
            }),
            Some(_) => Err("there is nothing before the '=': write name=value".to_owned()),
            None => Err("there is no '=' in it: write name=value".to_owned()),
        }
    }
}

/// Refuses the same key twice, naming the option.
pub(crate) fn unique(option: &str, pairs: &[Pair]) -> anyhow::Result<()> {
    for (index, pair) in pairs.iter().enumerate() {
        if pairs[..index].iter().any(|earlier| earlier.key == pair.key) {
            return Err(crate::output::Complaint::new(
                option,
                format!("'{}' is given twice", crate::output::escape(&pair.key)),
            )
            .help("leave one of them out")
            .usage()
            .into());
        }
    }
    Ok(())
}

/// An id that makes a request recognisable when it is made again. Random enough that two requests never share one: the
/// standard library seeds its hash maps from the system's randomness.
pub(crate) fn request_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    let half = || RandomState::new().hash_one(std::time::SystemTime::now());
    format!("{:016x}{:016x}", half(), half())
}

/// Who runs this, for the record of deployments: `user@machine` as far as it is known.
pub(crate) fn who() -> Option<String> {
    let user = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .ok()?;
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let by = if machine.trim().is_empty() {
        user
    } else {
        format!("{user}@{}", machine.trim())
    };
    // It goes into a record that others print.
    Some(crate::output::escape(&by).chars().take(100).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_cut_at_its_first_equals_sign() {
        let pair: Pair = "query=a=b".parse().expect("a pair");
        assert_eq!((pair.key.as_str(), pair.value.as_str()), ("query", "a=b"));
        assert_eq!("empty=".parse::<Pair>().expect("a pair").value, "");
        assert!(
            "none"
                .parse::<Pair>()
                .expect_err("no pair")
                .contains("name=value")
        );
        assert!(
            "=x".parse::<Pair>()
                .expect_err("no pair")
                .contains("before")
        );
    }

    #[test]
    fn request_ids_differ() {
        assert_ne!(request_id(), request_id());
        assert_eq!(request_id().len(), 32);
    }
}
