//! The newest of what each host said.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use super::{EXPIRES_AFTER, Said};

#[derive(Debug, Default)]
pub struct StatusBoard {
    /// By transform and host; the empty transform stands for the host itself.
    said: Mutex<BTreeMap<(String, String), (Said, i64)>>,
}

impl StatusBoard {
    /// Takes a record of the topic in.
    pub fn take(&self, key: Option<&[u8]>, value: Option<&[u8]>, timestamp: i64) {
        let Some((transform, host)) = key
            .and_then(|key| std::str::from_utf8(key).ok())
            .and_then(|key| key.split_once('/'))
        else {
            return;
        };
        let place = (transform.to_owned(), host.to_owned());
        match value.map(serde_json::from_slice::<Said>) {
            None => drop(self.said.lock().remove(&place)),
            // By the record's time, which a broker may have stamped, so that hosts' clocks matter little.
            Some(Ok(said)) => drop(self.said.lock().insert(place, (said, timestamp))),
            Some(Err(_)) => {}
        }
    }

    /// Hosts that were heard of lately, sorted.
    pub fn hosts(&self, now: i64) -> BTreeSet<String> {
        let expiry = i64::try_from(EXPIRES_AFTER.as_millis()).unwrap_or(i64::MAX);
        let said = self.said.lock();
        said.iter()
            .filter(|((transform, _), (_, at))| {
                transform.is_empty() && now.saturating_sub(*at) < expiry
            })
            .map(|((_, host), _)| host.clone())
            .collect()
    }

    /// What hosts that are there say of a transform.
    pub fn of(&self, transform: &str, now: i64) -> BTreeMap<String, Said> {
        let hosts = self.hosts(now);
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

    #[test]
    fn a_host_counts_until_it_says_goodbye_or_is_not_heard_of() {
        let board = StatusBoard::default();
        board.take(Some(b"/one"), Some(SAID), 1_000);
        board.take(Some(b"/two"), Some(SAID), 30_000);
        board.take(Some(b"a/one"), Some(SAID), 1_000);
        board.take(Some(b"a/gone"), Some(SAID), 1_000);
        assert_eq!(board.hosts(2_000).len(), 2);
        assert_eq!(board.of("a", 2_000).keys().collect::<Vec<_>>(), ["one"]);
        assert_eq!(board.hosts(60_000).into_iter().collect::<Vec<_>>(), ["two"]);
        board.take(Some(b"/two"), None, 31_000);
        assert!(board.hosts(60_000).is_empty());
    }

    #[test]
    fn foreign_records_are_passed_over() {
        let board = StatusBoard::default();
        board.take(None, Some(SAID), 0);
        board.take(Some(b"no slash"), Some(SAID), 0);
        board.take(Some(b"/host"), Some(b"{"), 0);
        assert!(board.hosts(0).is_empty());
    }
}
