//! Partitions come, committed by this revision, an older or a newer one, or by nobody; and partitions go.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::ledger::{Ledger, Opening};
use super::{
    Closed, Committed, DeliveryError, Happening, Identity, Mark, Offsets, Opened, Stamp, Starts,
    TopicId, lost,
};
use crate::source::TopicPartition;

/// A partition as it was found.
struct Found {
    committed: Option<Committed>,
    /// What was committed with it.
    mark: Option<Mark>,
    /// Of which topic the offset is that it begins at: the committed one, or the start that was deployed.
    of: Option<TopicId>,
    /// The topic that has its name now, if that is known.
    now: Option<TopicId>,
    /// Those are two, and the new one is to be read from its beginning.
    anew: bool,
    /// Those are two, and the revision wants to stop at that.
    void: bool,
}

/// Opens partitions in the ledger at what the group has committed or, where that is nothing, at their start, which is
/// committed then, under `committing`. Without that, those are left as [`Opened::Uncommitted`].
pub(super) async fn open<O: Offsets>(
    ledger: &Ledger,
    offsets: &O,
    committing: Option<&Mutex<()>>,
    partitions: &[TopicPartition],
    stamp: Stamp,
    starts: &Starts,
) -> Result<Vec<Opened>, DeliveryError> {
    ledger.restamp(stamp, starts);
    let found = find(offsets, partitions, stamp, starts).await?;
    let fresh: Vec<TopicPartition> = std::iter::zip(partitions, &found)
        .filter(|(partition, found)| {
            let started = found.committed.is_some() || starts.offsets.contains_key(*partition);
            found.anew || !started
        })
        .map(|(partition, _)| partition.clone())
        .collect();
    let extents = if fresh.is_empty() {
        Vec::new()
    } else {
        offsets.extents(&fresh).await?
    };
    let beginning = |partition: &TopicPartition| {
        let at = fresh.iter().position(|other| other == partition)?;
        extents.get(at).map(|extent| extent.start)
    };

    let mut first_commits = Vec::new();
    let mut opened = Vec::new();
    for (partition, found) in std::iter::zip(partitions, found) {
        let written = found.mark.as_ref().map(|mark| mark.stamp);
        if let (Some(stamp), Some(committed)) =
            (written.filter(|written| *written > stamp), &found.committed)
        {
            let offset = committed.offset;
            opened.push((partition, Err(Opened::Newer { stamp, offset })));
            continue;
        }
        let start = beginning(partition);
        let committed = found.committed.filter(|_| !found.anew);
        let mut opening = Opening {
            offset: committed.as_ref().map_or_else(
                || {
                    start
                        .or_else(|| starts.offsets.get(partition).copied())
                        .unwrap_or(0)
                },
                |committed| committed.offset,
            ),
            stamp: written,
            topic: if found.void {
                found.of
            } else {
                found.now.or(found.of)
            },
            void: found.void,
        };
        if committed.is_none() && !found.void {
            let offset = opening.offset;
            if committing.is_none() {
                opened.push((partition, Err(Opened::Uncommitted { offset })));
                continue;
            }
            if found.anew {
                let text = lost::anew_from(partition, offset);
                tracing::warn!("{text}");
                ledger.say(Happening::Trouble(text));
            }
            opening.stamp = Some(stamp);
            let topic = opening.topic.clone();
            let metadata = Mark { stamp, topic }.to_string();
            first_commits.push((partition.clone(), Committed { offset, metadata }));
        }
        opened.push((partition, Ok(opening)));
    }
    if let Some(committing) = committing.filter(|_| !first_commits.is_empty()) {
        let _one = committing.lock().await;
        offsets
            .commit(&first_commits)
            .await?
            .into_iter()
            .collect::<Result<Vec<()>, _>>()?;
    }
    let opened = opened.into_iter().map(|(partition, opened)| match opened {
        Err(left) => left,
        Ok(opening) => Opened::At {
            offset: opening.offset,
            generation: ledger.open(partition, opening),
        },
    });
    Ok(opened.collect())
}

async fn find<O: Offsets>(
    offsets: &O,
    partitions: &[TopicPartition],
    stamp: Stamp,
    starts: &Starts,
) -> Result<Vec<Found>, DeliveryError> {
    let names: BTreeSet<&Arc<str>> = partitions
        .iter()
        .map(TopicPartition::shared_topic)
        .collect();
    let names: Vec<Arc<str>> = names.into_iter().cloned().collect();
    let identities: HashMap<_, _> =
        std::iter::zip(&names, offsets.identities(&names).await?).collect();
    let committed = offsets.committed(partitions).await?;
    let one = |(partition, committed): (&TopicPartition, Option<Committed>)| {
        let mark = |committed: &Committed| committed.metadata.parse::<Mark>().ok();
        // What was committed before the last reset of offsets counts no more, whether or not it could be deleted.
        let committed = committed
            .filter(|found| mark(found).is_none_or(|mark| mark.stamp.reset >= stamp.reset));
        let mark = committed.as_ref().and_then(mark);
        let of = match &committed {
            Some(_) => mark.as_ref().and_then(|mark| mark.topic.clone()),
            None => starts.topics.get(partition.topic()).cloned(),
        };
        let now = match identities.get(partition.shared_topic()) {
            Some(Identity::Is(now)) => Some(Arc::clone(now)),
            _ => None,
        };
        let other = now
            .as_ref()
            .filter(|now| of.as_ref().is_some_and(|of| of != *now));
        let anew = other.is_some_and(|now| starts.take(partition.topic(), now));
        Found {
            void: other.is_some() && !anew,
            committed,
            mark,
            of,
            now,
            anew,
        }
    };
    Ok(std::iter::zip(partitions, committed).map(one).collect())
}

/// Forgets partitions, and commits nothing.
pub(super) fn forget(ledger: &Ledger, partitions: &[TopicPartition]) -> Vec<Closed> {
    let ended = ledger.close(partitions).into_iter();
    let closed = ended.map(|ended| Closed {
        partition: ended.partition,
        committed: ended.committed,
        abandoned: ended.abandoned,
    });
    closed.collect()
}

/// Forgets partitions, and commits what is finished of them. Past this, the rest belongs to the next owner.
pub(super) async fn close<O: Offsets>(
    ledger: &Ledger,
    offsets: &O,
    committing: &Mutex<()>,
    partitions: &[TopicPartition],
) -> Vec<Closed> {
    let _one = committing.lock().await;
    let ended = ledger.close(partitions);
    let commits: Vec<_> = ended
        .iter()
        .filter_map(|ended| Some((ended.partition.clone(), ended.commit.clone()?)))
        .collect();
    let results = if commits.is_empty() {
        Ok(Vec::new())
    } else {
        offsets.commit(&commits).await
    };
    let refused = match &results {
        Err(error) => Some(error),
        Ok(each) => each.iter().find_map(|result| result.as_ref().err()),
    };
    if let Some(error) = refused {
        tracing::warn!(%error, "the last commit of revoked partitions failed: their next owner repeats up to a second's work");
    }
    let worked = |partition: &TopicPartition| {
        let at = commits.iter().position(|(other, _)| other == partition)?;
        let result = results.as_ref().ok()?.get(at)?;
        result.is_ok().then(|| commits[at].1.offset)
    };
    ended
        .iter()
        .map(|ended| Closed {
            partition: ended.partition.clone(),
            committed: worked(&ended.partition).unwrap_or(ended.committed),
            abandoned: ended.abandoned,
        })
        .collect()
}
