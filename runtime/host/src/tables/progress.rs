//! How far a table is: for lanes that may not look into half of it, and for people who wait.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::watch;

/// Whether a table can be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is being read from its beginning.
    Reading,
    /// It has all that its topic had when that was read from the beginning, and follows it.
    Ready,
    /// It has not, and will not get better by itself: why, and what to do.
    Failed(String),
}

/// One partition of a table's topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The next offset that is read.
    pub next: i64,
    /// What there was to read when somebody last looked: the offset behind the last record.
    pub end: i64,
    /// All of it was read.
    at_end: bool,
}

/// What is known of a table.
#[derive(Debug)]
pub(super) struct Progress {
    phase: watch::Sender<Phase>,
    known: parking_lot::Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    places: BTreeMap<i32, Place>,
    began: Instant,
    /// Records that were read since it began.
    read: u64,
    /// When the table last had everything that there was.
    complete: Instant,
    /// When brokers last said what there is.
    looked: Instant,
    problem: Option<String>,
}

impl Known {
    /// Whether the table has everything that there was.
    fn is_complete(&self) -> bool {
        self.places.values().all(|place| place.at_end)
    }
}

impl Progress {
    pub(super) fn new() -> Progress {
        let now = Instant::now();
        Progress {
            phase: watch::Sender::new(Phase::Reading),
            known: parking_lot::Mutex::new(Known {
                places: BTreeMap::new(),
                began: now,
                read: 0,
                complete: now,
                looked: now,
                problem: None,
            }),
        }
    }

    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(super) fn is_ready(&self) -> bool {
        *self.phase.borrow() == Phase::Ready
    }

    /// It is read from the beginning (again).
    pub(super) fn begin(&self) {
        {
            let mut known = self.known.lock();
            known.places.clear();
            known.read = 0;
            known.began = Instant::now();
            known.complete = known.began;
        }
        self.phase.send_replace(Phase::Reading);
    }

    pub(super) fn fail(&self, why: String) {
        self.phase.send_replace(Phase::Failed(why));
    }

    /// If it was too large, it will be read once more: whoever waits for it has something to wait for from now on.
    pub(super) fn may_be_larger(&self) {
        self.phase.send_if_modified(|phase| {
            let failed = matches!(phase, Phase::Failed(_));
            if failed {
                *phase = Phase::Reading;
            }
            failed
        });
    }

    /// What does not stop the table but keeps it from following its topic; `None`: nothing does.
    pub(super) fn trouble(&self, why: Option<String>) {
        self.known.lock().problem = why;
    }

    /// The partitions that there are, with their first offsets and their ends.
    pub(super) fn extents(&self, extents: impl IntoIterator<Item = (i32, (i64, i64))>) {
        let mut known = self.known.lock();
        known.looked = Instant::now();
        for (partition, (start, end)) in extents {
            let place = known.places.entry(partition).or_insert(Place {
                next: start,
                ..Place::default()
            });
            place.end = end;
        }
    }

    pub(super) fn nexts(&self) -> BTreeMap<i32, i64> {
        let known = self.known.lock();
        let places = known.places.iter();
        places
            .map(|(partition, place)| (*partition, place.next))
            .collect()
    }

    /// When it began to be read, from its beginning or from where its copy was.
    pub(super) fn began(&self) -> SystemTime {
        SystemTime::now() - self.known.lock().began.elapsed()
    }

    /// It is read up to these offsets, by what a copy of it on the disk says.
    pub(super) fn resume(&self, nexts: &BTreeMap<i32, i64>) {
        let mut known = self.known.lock();
        for (partition, next) in nexts {
            known.places.entry(*partition).or_default().next = *next;
        }
    }

    /// Where it is, once what was heard is counted as well, and whether that is everything that there was.
    pub(super) fn with(&self, heard: &Heard) -> (BTreeMap<i32, i64>, bool) {
        let mut places = self.known.lock().places.clone();
        heard.add_to(&mut places);
        let complete = places.values().all(|place| place.at_end);
        let nexts = places.iter();
        (
            nexts.map(|(at, place)| (*at, place.next)).collect(),
            complete,
        )
    }

    /// What was read since this was last told. `true`: the table now has everything that there was.
    pub(super) fn tell(&self, heard: &mut Heard) -> bool {
        let mut known = self.known.lock();
        known.read += std::mem::take(&mut heard.records);
        heard.add_to(&mut known.places);
        heard.places.clear();
        let complete = known.is_complete();
        if complete {
            known.complete = Instant::now();
        }
        complete
    }

    pub(super) fn ready(&self) {
        self.phase.send_if_modified(|phase| {
            let news = *phase != Phase::Ready;
            *phase = Phase::Ready;
            news
        });
    }

    /// Whether it was complete once, and has not been for so long.
    pub(super) fn has_been_stale_for(&self, time: Duration) -> bool {
        self.is_ready() && self.report().stale > time
    }

    pub(super) fn report(&self) -> Report {
        let phase = self.phase.borrow().clone();
        let known = self.known.lock();
        let unread: i64 = known
            .places
            .values()
            .filter(|place| !place.at_end)
            .map(|place| (place.end - place.next).max(0))
            .sum();
        let seconds = known.began.elapsed().as_secs_f64();
        let rate = known.read as f64 / seconds.max(0.001);
        let stale = match (&known.problem, known.is_complete()) {
            // Nobody knows of what was written since brokers last answered.
            (Some(_), _) => known.looked.min(known.complete).elapsed(),
            (None, false) => known.complete.elapsed(),
            (None, true) => Duration::ZERO,
        };
        Report {
            read: known.read,
            unread: unread.unsigned_abs(),
            rate: (phase == Phase::Reading).then_some(rate),
            left: (phase == Phase::Reading && rate > 0.0)
                // Offsets may be further apart than a `Duration` can say.
                .then(|| Duration::try_from_secs_f64(unread as f64 / rate).ok())
                .flatten(),
            stale,
            places: known.places.clone(),
            problem: known.problem.clone(),
            phase,
        }
    }
}

/// What a reader has to tell.
#[derive(Debug, Default)]
pub(super) struct Heard {
    records: u64,
    places: BTreeMap<i32, HeardPlace>,
}

#[derive(Debug, Default)]
struct HeardPlace {
    next: Option<i64>,
    at_end: bool,
}

impl Heard {
    pub(super) fn record(&mut self, partition: i32, offset: i64) {
        self.records += 1;
        let place = self.places.entry(partition).or_default();
        place.next = Some(offset + 1);
        place.at_end = false;
    }

    fn add_to(&self, places: &mut BTreeMap<i32, Place>) {
        for (partition, told) in &self.places {
            let place = places.entry(*partition).or_default();
            place.next = told.next.unwrap_or(place.next);
            place.at_end = told.at_end;
        }
    }

    pub(super) fn end(&mut self, partition: i32) {
        self.places.entry(partition).or_default().at_end = true;
    }
}

/// How a table is, for whoever asks.
#[derive(Clone, Debug)]
pub struct Report {
    pub phase: Phase,
    /// Records that were read since it was last begun from the beginning.
    pub read: u64,
    /// Offsets that are not read yet: at least as many as records.
    pub unread: u64,
    /// Records a second while it is read from its beginning.
    pub rate: Option<f64>,
    /// How long that will still take.
    pub left: Option<Duration>,
    /// The age of what it does not have yet; nothing while it has everything.
    pub stale: Duration,
    pub places: BTreeMap<i32, Place>,
    /// What keeps it from following its topic now.
    pub problem: Option<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Phase::Failed(why) = &self.phase {
            return f.write_str(why);
        }
        let all = self.read + self.unread;
        write!(f, "{} of about {all} records read", self.read)?;
        if let Some(rate) = self.rate {
            write!(f, ", {rate:.0} a second")?;
        }
        if let Some(left) = self.left {
            write!(f, ", about {} s left", left.as_secs() + 1)?;
        }
        match &self.problem {
            Some(problem) => write!(f, "; {problem}"),
            None => Ok(()),
        }
    }
}
