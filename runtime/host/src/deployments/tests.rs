use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex as PlainMutex;

use super::{
    log::LogRecord,
    record::{Change, Revision},
    *,
};

/// A log in memory that fences as Kafka does, and can be told to lose an answer.
#[derive(Default)]
struct MemoryLog {
    records: PlainMutex<Vec<LogRecord>>,
    epoch: AtomicU64,
    lose_next_answer: AtomicBool,
}

impl RevisionLog for Arc<MemoryLog> {
    type Claim = u64;

    async fn claim(&self) -> Result<u64, LogError> {
        Ok(self.epoch.fetch_add(1, Ordering::SeqCst) + 1)
    }

    async fn read_to_end(&self, offset: i64) -> Result<(Vec<LogRecord>, i64), LogError> {
        // As a network would, it lets others in between.
        tokio::task::yield_now().await;
        let records = self.records.lock();
        Ok((
            records[usize::try_from(offset).unwrap()..].to_vec(),
            i64::try_from(records.len()).unwrap(),
        ))
    }

    async fn write(&self, claim: u64, key: Vec<u8>, value: Vec<u8>) -> Result<(), LogError> {
        tokio::task::yield_now().await;
        let mut records = self.records.lock();
        if claim != self.epoch.load(Ordering::SeqCst) {
            return Err(LogError::Fenced);
        }
        let offset = i64::try_from(records.len()).unwrap();
        records.push(LogRecord {
            offset,
            key: Some(key),
            value: Some(value),
            headers: Vec::new(),
            timestamp: 7,
        });
        if self.lose_next_answer.swap(false, Ordering::SeqCst) {
            return Err(LogError::Broker("timed out".to_owned()));
        }
        Ok(())
    }
}

fn delete(name: &str, number: u64, request_id: &str) -> Revision {
    let (name, request_id) = (name.to_owned(), request_id.to_owned());
    Revision {
        name,
        number,
        at: 0,
        by: None,
        host: "h".to_owned(),
        request_id,
        resets: 0,
        change: Change::Delete,
    }
}

fn next(name: &str, request: &str) -> impl FnMut(&Deployments) -> Result<Revision, String> {
    move |seen| {
        Ok(delete(
            name,
            seen.latest(name).map_or(1, |r| r.number + 1),
            request,
        ))
    }
}

fn number(changed: &Changed) -> u64 {
    let (Changed::Written(revision) | Changed::Before(revision)) = changed;
    revision.number
}

#[tokio::test(start_paused = true)]
async fn numbers_go_on_where_the_log_left_off_and_survive_deletes() {
    let log = Arc::new(MemoryLog::default());
    for (writer, wanted) in [
        (Writer::new(Arc::clone(&log)), 1),
        (Writer::new(Arc::clone(&log)), 2),
    ] {
        let changed = writer
            .change(&format!("r{wanted}"), next("a", &format!("r{wanted}")))
            .await
            .unwrap();
        assert_eq!(number(&changed), wanted);
    }
    let seen = Writer::new(log).current().await.unwrap();
    assert_eq!(seen.latest("a").unwrap().number, 2);
    assert!(seen.live("a").is_none());
}

#[tokio::test(start_paused = true)]
async fn writers_on_many_hosts_never_write_the_same_number_twice() {
    let log = Arc::new(MemoryLog::default());
    let mut tasks = tokio::task::JoinSet::new();
    for host in 0..4 {
        let writer = Writer::new(Arc::clone(&log));
        tasks.spawn(async move {
            let request = format!("host-{host}");
            writer
                .change(&request, next("a", &request))
                .await
                .map(|changed| number(&changed))
        });
    }
    let mut won: Vec<u64> = tasks
        .join_all()
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    won.sort_unstable();
    assert_eq!(won, [1, 2, 3, 4]);
    let keys: Vec<_> = log
        .records
        .lock()
        .iter()
        .map(|r| String::from_utf8(r.key.clone().unwrap()).unwrap())
        .collect();
    assert_eq!(keys, ["a/1", "a/2", "a/3", "a/4"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_expect_the_same_revision_one_wins_and_the_other_learns_who() {
    let log = Arc::new(MemoryLog::default());
    let mut tasks = tokio::task::JoinSet::new();
    for host in ["one", "two"] {
        let writer = Writer::new(Arc::clone(&log));
        tasks.spawn(async move {
            writer
                .change(host, |seen| match seen.latest("a") {
                    Some(winner) => Err(winner.request_id.clone()),
                    None => Ok(delete("a", 1, host)),
                })
                .await
        });
    }
    let results = tasks.join_all().await;
    let won = results.iter().filter(|r| r.is_ok()).count();
    let told: Vec<_> = results
        .iter()
        .filter_map(|r| match r {
            Err(ChangeError::Refused(winner)) => Some(winner.clone()),
            _ => None,
        })
        .collect();
    assert_eq!((won, told.len(), log.records.lock().len()), (1, 1, 1));
    assert!(told[0] == "one" || told[0] == "two");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_recognised_by_the_request() {
    let log = Arc::new(MemoryLog::default());
    log.lose_next_answer.store(true, Ordering::SeqCst);
    let writer = Writer::new(Arc::clone(&log));
    assert!(matches!(
        writer.change("r", next("a", "r")).await.unwrap(),
        Changed::Before(_)
    ));
    assert!(matches!(
        Writer::new(Arc::clone(&log))
            .change("r", next("a", "r"))
            .await
            .unwrap(),
        Changed::Before(_)
    ));
    assert_eq!(log.records.lock().len(), 1);
}

#[test]
fn a_record_of_a_later_version_counts_but_is_not_misread() {
    let revision =
        Revision::decode(Some(b"a/7"), Some(br#"{"version":99,"shape":"new"}"#), 5).unwrap();
    assert_eq!((revision.name.as_str(), revision.number), ("a", 7));
    assert!(
        matches!(&revision.change, Change::Unreadable(why) if why.contains("upgrade this host"))
    );
    let damaged = Revision::decode(Some(b"a/7"), Some(b"{"), 5).unwrap();
    assert!(matches!(&damaged.change, Change::Unreadable(why) if why.contains("deploy it again")));
    let foreign = Revision::decode(
        Some(b"b/1"),
        Some(&delete("a", 7, "r").encode().unwrap()),
        5,
    )
    .unwrap();
    assert!(matches!(&foreign.change, Change::Unreadable(why) if why.contains("foreign key")));
    assert!(Revision::decode(Some(b"no number"), Some(b"{}"), 5).is_none());
    assert!(Revision::decode(Some(b"a/1"), None, 5).is_none());
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let revision = delete("a", 3, "r");
    let value = revision.encode().unwrap();
    assert_eq!(
        Revision::decode(Some(b"a/3"), Some(&value), 0).unwrap(),
        revision
    );
    assert!(
        String::from_utf8(value)
            .unwrap()
            .starts_with("{\"version\":1,")
    );
}

#[test]
fn keys_that_no_host_writes_are_no_revisions() {
    let value = |key: &str| {
        let (name, number) = key.rsplit_once('/').unwrap_or((key, "1"));
        delete(name, number.parse().unwrap_or(1), "")
            .encode()
            .unwrap()
    };
    let decode = |key: &str| Revision::decode(Some(key.as_bytes()), Some(&value(key)), 0);
    assert!(decode("a/1").is_some());
    // There has to be a next one.
    for key in [
        "a/18446744073709551615",
        "a/9007199254740992",
        "a",
        "/1",
        "a/b/1",
        "a\u{1b}/1",
        "a/-1",
    ] {
        assert_eq!(decode(key), None, "{key}");
    }
}
