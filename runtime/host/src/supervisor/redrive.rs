//! Redrives on this host: each is a runner of the transform's live revision that reads chosen dead letters.
//!
//! Every host is at every redrive, like at every transform, and the redrive's own consumer group gives it its share. Whether
//! all of it is done is asked elsewhere.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use super::{View, Workshop, transform::Transform};
use crate::{
    delivery::Letters,
    deployments::{
        record::Revision,
        redrive::{Redrive, RedriveState},
        state::Deployments,
    },
    runner,
    source::{Selection, TopicPartition},
    wire::Reads,
};

/// How long it may take to finish what is in flight.
const DRAIN: Duration = Duration::from_secs(10);
/// Every letter is one that failed before: that most of them do again is no reason to stop.
const NEVER: u8 = 100;

/// A redrive as a host carries it out.
pub(super) struct Job {
    pub(super) redrive: Arc<Redrive>,
    /// Those of the same topic before it: what they have done is not done again.
    earlier: Vec<Arc<Redrive>>,
}

impl Job {
    fn new(redrive: &Arc<Redrive>, deployments: &Deployments) -> Self {
        let earlier = deployments.redrives(&redrive.name).filter(|other| {
            !redrive.chosen.again && other.number < redrive.number && other.topic == redrive.topic
        });
        Job {
            redrive: Arc::clone(redrive),
            earlier: earlier.cloned().collect(),
        }
    }

    /// Turns a transform's revision into what the redrive runs.
    pub(super) fn instead(self: &Arc<Self>, revision: &mut runner::Revision) -> Reads {
        let redrive = &self.redrive;
        let topic: Arc<str> = Arc::from(redrive.topic.as_str());
        let starts = redrive.extents.iter().map(|(partition, (start, _))| {
            (TopicPartition::new(Arc::clone(&topic), *partition), *start)
        });
        revision.starts = starts.collect();
        revision.topics = vec![topic];
        revision.policy.stop_above = NEVER;
        // Whatever the transform does with what it cannot process: here somebody asked what becomes of it.
        revision.routes.letters = Letters {
            cut: revision.routes.letters.cut,
            ..Letters::to(Arc::clone(&revision.routes.letters.topic))
        };
        Reads::Letters {
            member: Arc::from(redrive.member()),
            selection: Arc::clone(self) as Arc<dyn Selection>,
        }
    }
}

impl Selection for Job {
    fn end(&self, partition: i32) -> i64 {
        let extent = self.redrive.extents.get(&partition);
        extent.map_or(0, |(_, end)| *end)
    }

    fn takes(&self, partition: i32, offset: i64, transform: &str, code: &str) -> bool {
        transform == self.redrive.name
            && self.redrive.is_about(partition, offset, code)
            && !self
                .earlier
                .iter()
                .any(|earlier| earlier.has_done(partition, offset, code))
    }
}

struct Running {
    number: u64,
    desired: watch::Sender<Arc<Revision>>,
    view: Arc<View>,
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

/// Those that this host is at.
#[derive(Default)]
pub(super) struct Redrives {
    running: Mutex<BTreeMap<String, Running>>,
    /// Told to end.
    ending: Mutex<Vec<(String, u64, JoinHandle<()>)>>,
}

impl Redrives {
    /// Makes what runs follow what the log says. Does not wait.
    pub(super) fn follow(&self, workshop: &Arc<Workshop>, deployments: &Deployments) {
        let mut running = self.running.lock();
        let wanted = |name: &str| {
            let redrive = deployments.open_redrive(name)?;
            let revision = deployments.live(name)?;
            (redrive.state == RedriveState::Running).then_some((redrive, revision))
        };
        let over: Vec<String> = running
            .iter()
            .filter(|(name, entry)| {
                wanted(name).is_none_or(|(redrive, _)| redrive.number != entry.number)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in over {
            if let Some(entry) = running.remove(&name) {
                self.stop(name, entry, Instant::now() + DRAIN);
            }
        }
        for open in deployments.open_redrives() {
            let Some((redrive, revision)) = wanted(&open.name) else {
                continue;
            };
            match running.get(&redrive.name) {
                Some(entry) => {
                    entry.desired.send_if_modified(|desired| {
                        let newer = desired.number < revision.number;
                        if newer {
                            *desired = Arc::clone(revision);
                        }
                        newer
                    });
                }
                None => {
                    let job = Job::new(redrive, deployments);
                    running.insert(redrive.name.clone(), begin(workshop, job, revision));
                }
            }
        }
    }

    fn stop(&self, name: String, entry: Running, deadline: Instant) {
        entry.stop.send_replace(Some(deadline));
        let mut ending = self.ending.lock();
        ending.retain(|(_, _, task)| !task.is_finished());
        ending.push((name, entry.number, entry.task));
    }

    pub(super) fn view(&self, name: &str, number: u64) -> Option<Arc<View>> {
        let running = self.running.lock();
        let entry = running.get(name).filter(|entry| entry.number == number)?;
        Some(Arc::clone(&entry.view))
    }

    pub(super) fn has_left(&self, name: &str, number: u64) -> bool {
        self.view(name, number).is_none()
            && !self
                .ending
                .lock()
                .iter()
                .any(|(other, of, task)| other == name && *of == number && !task.is_finished())
    }

    /// Tells all of them to end; their tasks by name.
    pub(super) fn end(&self, deadline: Instant) -> Vec<(String, JoinHandle<()>)> {
        for (name, entry) in std::mem::take(&mut *self.running.lock()) {
            self.stop(name, entry, deadline);
        }
        let ending = std::mem::take(&mut *self.ending.lock());
        ending
            .into_iter()
            .map(|(name, _, task)| (name, task))
            .collect()
    }
}

fn begin(workshop: &Arc<Workshop>, job: Job, revision: &Arc<Revision>) -> Running {
    let (desired, receiver) = watch::channel(Arc::clone(revision));
    let (stop, stopped) = watch::channel(None);
    let number = job.redrive.number;
    let view = Arc::new(View::new(&job.redrive.name));
    let transform = Transform::new(
        Arc::clone(workshop),
        Arc::clone(&view),
        receiver,
        stopped,
        Some(Arc::new(job)),
    );
    Running {
        number,
        desired,
        view,
        stop,
        task: tokio::spawn(transform.run()),
    }
}
