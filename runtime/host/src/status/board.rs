//! The newest of what each host said.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{EXPIRES_AFTER, FORGOTTEN_AFTER, Said, key};

/// A transform and a host; the empty transform stands for the host itself.
type Place = (String, String);

#[derive(Debug, Default)]
pub struct StatusBoard {
    said: Mutex<BTreeMap<Place, Heard>>,
}

#[derive(Debug)]
struct Heard {
    said: Said,
    /// How old it was when it was read.
    was: Duration,
    /// By a clock that does not jump, and that no other host's has to agree with.
    read: Instant,
}

impl Heard {
    fn age(&self) -> Duration {
        self.was.saturating_add(self.read.elapsed())
    }
}

impl StatusBoard {
    /// Takes a record of the topic in, which was written so long ago.
    pub fn take(&self, key: Option<&[u8]>, value: Option<&[u8]>, age: Duration) {
        let Some((transform, host)) = key
            .and_then(|key| std::str::from_utf8(key).ok())
            .and_then(|key| key.split_once('/'))
        else {
            return;
        };
        let place = (transform.to_owned(), host.to_owned());
        match value.map(serde_json::from_slice::<Said>) {
            None => drop(self.said.lock().remove(&place)),
            Some(Ok(said)) => {
                let heard = Heard {
                    said,
                    was: age,
                    read: Instant::now(),
                };
                drop(self.said.lock().insert(place, heard));
            }
            Some(Err(_)) => {}
        }
    }

    /// Hosts that were heard of lately, sorted.
    pub fn hosts(&self) -> BTreeSet<String> {
        heard_within(&self.said.lock(), EXPIRES_AFTER)
    }

    /// What hosts that are there say of a transform.
    pub fn of(&self, transform: &str) -> BTreeMap<String, Said> {
        let said = self.said.lock();
        let hosts = heard_within(&said, EXPIRES_AFTER);
        said.iter()
            .filter(|((name, host), _)| name == transform && hosts.contains(host))
            .map(|((_, host), heard)| (host.clone(), heard.said.clone()))
            .collect()
    }

    /// The keys of what hosts said that have not been heard of for so long that it can be deleted.
    pub fn forgotten(&self) -> Vec<String> {
        let said = self.said.lock();
        let hosts = heard_within(&said, FORGOTTEN_AFTER);
        said.iter()
            .filter(|((_, host), heard)| !hosts.contains(host) && heard.age() >= FORGOTTEN_AFTER)
            .map(|((transform, host), _)| key(transform, host))
            .collect()
    }
}

fn heard_within(said: &BTreeMap<Place, Heard>, within: Duration) -> BTreeSet<String> {
    said.iter()
        .filter(|((transform, _), heard)| transform.is_empty() && heard.age() < within)
        .map(|((_, host), _)| host.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = br#"{"state":"running","revision":2,"at":0}"#;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_counts_until_it_says_goodbye_or_is_not_heard_of() {
        let board = StatusBoard::default();
        board.take(Some(b"/one"), Some(SAID), seconds(29));
        board.take(Some(b"/two"), Some(SAID), seconds(0));
        board.take(Some(b"/old"), Some(SAID), seconds(60));
        board.take(Some(b"/ancient"), Some(SAID), Duration::MAX);
        board.take(Some(b"a/one"), Some(SAID), seconds(29));
        board.take(Some(b"a/gone"), Some(SAID), seconds(29));
        assert_eq!(
            board.hosts().into_iter().collect::<Vec<_>>(),
            ["one", "two"]
        );
        assert_eq!(board.of("a").keys().collect::<Vec<_>>(), ["one"]);
        tokio::time::advance(seconds(30)).await;
        assert_eq!(board.hosts().into_iter().collect::<Vec<_>>(), ["two"]);
        board.take(Some(b"/two"), None, seconds(0));
        assert!(board.hosts().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_host_said_is_forgotten_once_it_was_not_heard_of_for_a_day() {
        let board = StatusBoard::default();
        let hours = |hours: u64| seconds(hours * 3600);
        board.take(Some(b"/here"), Some(SAID), seconds(0));
        board.take(Some(b"/away"), Some(SAID), hours(20));
        board.take(Some(b"/dead"), Some(SAID), hours(24));
        for host in ["here", "away", "dead", "left"] {
            board.take(Some(format!("a/{host}").as_bytes()), Some(SAID), hours(48));
        }
        assert_eq!(board.forgotten(), ["/dead", "a/dead", "a/left"]);
        board.take(Some(b"a/left"), None, seconds(0));
        tokio::time::advance(hours(4)).await;
        assert_eq!(board.forgotten(), ["/away", "/dead", "a/away", "a/dead"]);
    }

    #[test]
    fn foreign_records_are_passed_over() {
        let board = StatusBoard::default();
        board.take(None, Some(SAID), seconds(0));
        board.take(Some(b"no slash"), Some(SAID), seconds(0));
        board.take(Some(b"/host"), Some(b"{"), seconds(0));
        assert!(board.hosts().is_empty());
    }
}
