//! The newest of what each host said.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{EXPIRES_AFTER, Said};

/// A transform and a host; the empty transform stands for the host itself.
type Place = (String, String);

#[derive(Debug, Default)]
pub struct StatusBoard {
    /// With when it was heard.
    said: Mutex<BTreeMap<Place, (Said, Option<Instant>)>>,
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
            // Kept by a clock that does not jump, and that no other host's has to agree with.
            Some(Ok(said)) => {
                let heard = Instant::now().checked_sub(age);
                drop(self.said.lock().insert(place, (said, heard)));
            }
            Some(Err(_)) => {}
        }
    }

    /// Hosts that were heard of lately, sorted.
    pub fn hosts(&self) -> BTreeSet<String> {
        let said = self.said.lock();
        said.iter()
            .filter(|((transform, _), (_, heard))| {
                transform.is_empty() && heard.is_some_and(|heard| heard.elapsed() < EXPIRES_AFTER)
            })
            .map(|((_, host), _)| host.clone())
            .collect()
    }

    /// What hosts that are there say of a transform.
    pub fn of(&self, transform: &str) -> BTreeMap<String, Said> {
        let hosts = self.hosts();
        let said = self.said.lock();
        said.iter()
            .filter(|((name, host), _)| name == transform && hosts.contains(host))
            .map(|((_, host), (said, _))| (host.clone(), said.clone()))
            .collect()
    }
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

    #[test]
    fn foreign_records_are_passed_over() {
        let board = StatusBoard::default();
        board.take(None, Some(SAID), seconds(0));
        board.take(Some(b"no slash"), Some(SAID), seconds(0));
        board.take(Some(b"/host"), Some(b"{"), seconds(0));
        assert!(board.hosts().is_empty());
    }
}
