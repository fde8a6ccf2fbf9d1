//! Offsets that say nothing any more: retention was faster, or the topic of that name is another one.
//!
//! A topic that is deleted and created again is a new one, and an offset of the old one may lie within it: reading on there would
//! skip records without a word. Brokers tell the two apart by an id, which every commit carries. So before anything is committed
//! the ids are compared: what was read from the new topic in between is forgotten, and it is read from its beginning, if that
//! is wanted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::ledger::Ledger;
use super::{Committed, DeliveryError, Happening, Identity, Mark, Offsets, TopicId};
use crate::failure::LostOffsets;
use crate::source::TopicPartition;

/// How often a topic is looked for that is not there.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

const LOST: &str = "offsets-lost";
const ANEW: &str = "topic-created-anew";

/// Compares the topics of all open partitions with what they were. Partitions of others are void from here on, until this finds
/// them to be what they were, or has them read from their beginning. Not to be called while offsets are committed.
pub(super) async fn verify<O: Offsets>(ledger: &Ledger, offsets: &O) -> Result<(), DeliveryError> {
    let open = ledger.all();
    let names: BTreeSet<&Arc<str>> = open
        .iter()
        .map(|one| one.partition.shared_topic())
        .collect();
    let names: Vec<Arc<str>> = names.into_iter().cloned().collect();
    let identities = offsets.identities(&names).await?;
    let mut anew = Vec::new();
    for one in &open {
        let at = names
            .iter()
            .position(|name| name == one.partition.shared_topic());
        let identity = at.and_then(|at| identities.get(at));
        match (&one.topic, identity.unwrap_or(&Identity::Unknown)) {
            (_, Identity::Unknown) => {}
            (None, Identity::Is(now)) if !one.void => ledger.identify(&one.partition, now),
            (Some(was), Identity::Is(now)) if was == now => {
                if one.void {
                    ledger.revive(&one.partition);
                }
            }
            (was, Identity::Is(now)) => {
                ledger.void(&one.partition);
                anew.push((one.partition.clone(), was.clone(), Arc::clone(now)));
            }
            (_, Identity::Missing) => {
                ledger.void(&one.partition);
                ledger.say(Happening::Trouble(format!(
                    "the topic {:?} does not exist any more: waiting for it to be created again",
                    one.partition.topic()
                )));
            }
        }
    }
    if !anew.is_empty() {
        begin_anew(ledger, offsets, anew).await?;
    }
    Ok(())
}

async fn begin_anew<O: Offsets>(
    ledger: &Ledger,
    offsets: &O,
    anew: Vec<(TopicPartition, Option<TopicId>, TopicId)>,
) -> Result<(), DeliveryError> {
    let starts = ledger.starts();
    let (taken, refused): (Vec<_>, Vec<_>) = anew
        .into_iter()
        .partition(|(partition, _, now)| starts.take(partition.topic(), now));
    for (partition, was, now) in refused {
        let reason = format!(
            "the topic was deleted and created anew (its id was {}, now it is {now}): what it held and was not processed is gone. \
             Deploy the transform again to have the new topic read from its beginning; with failures.lost-offsets = \"earliest\" \
             that is done without asking",
            was.as_deref().unwrap_or("another one"),
        );
        ledger.stop(&partition, None, ANEW, reason);
    }
    if taken.is_empty() {
        return Ok(());
    }
    let partitions: Vec<TopicPartition> = taken.iter().map(|one| one.0.clone()).collect();
    let extents = offsets.extents(&partitions).await?;
    for ((partition, _, now), extent) in std::iter::zip(taken, extents) {
        let reason = anew_from(&partition, extent.start);
        restart(ledger, offsets, &partition, extent.start, Some(now), reason).await?;
    }
    Ok(())
}

/// Commits first: whoever asks the group from here on must not hear of the old offset.
async fn restart<O: Offsets>(
    ledger: &Ledger,
    offsets: &O,
    partition: &TopicPartition,
    offset: i64,
    topic: Option<TopicId>,
    reason: String,
) -> Result<(), DeliveryError> {
    let mark = Mark {
        stamp: ledger.stamp(),
        topic: topic.clone(),
    };
    let metadata = mark.to_string();
    let commit = (partition.clone(), Committed { offset, metadata });
    let results = offsets.commit(&[commit]).await?;
    results.into_iter().collect::<Result<(), _>>()?;
    ledger.restart(partition, offset, topic, reason);
    Ok(())
}

/// What is said of a topic that is read from its beginning because it is another one than before.
pub(super) fn anew_from(partition: &TopicPartition, offset: i64) -> String {
    format!(
        "{partition}: the topic was deleted and created anew, and is read from its beginning, offset {offset}"
    )
}

/// The record at `position` of a partition is gone, or not there yet: goes on elsewhere or stops, as the revision says. Not to be
/// called while offsets are committed.
pub(super) async fn lost<O: Offsets>(
    ledger: &Ledger,
    offsets: &O,
    partition: &TopicPartition,
    generation: u64,
    position: i64,
) -> Result<(), DeliveryError> {
    verify(ledger, offsets).await?;
    let is_void = ledger
        .all()
        .iter()
        .any(|one| one.partition == *partition && one.void);
    if is_void || ledger.generation_of(partition) != Some(generation) {
        return Ok(());
    }
    let extents = offsets.extents(std::slice::from_ref(partition)).await?;
    let Some(extent) = extents.into_iter().next() else {
        return Ok(());
    };
    let policy = ledger.starts().lost_offsets;
    let (first, end) = (extent.start, extent.end);
    if position < first {
        let count = first.abs_diff(position);
        let what = format!(
            "offsets {position} to {} do not exist any more, the first that is kept is {first}: retention was faster than this \
             transform, or records were deleted",
            first - 1
        );
        match policy {
            LostOffsets::Stop => {
                let reason = format!(
                    "{what}. Deploy it with failures.lost-offsets = \"earliest\" to go on from offset {first}"
                );
                ledger.stop(partition, Some(position), LOST, reason);
            }
            LostOffsets::Earliest => {
                ledger.stats().lost(count);
                let reason = format!("{partition}: {what}; going on from offset {first}");
                ledger.pass_over(partition, generation, first, reason);
            }
        }
    } else if position > end {
        let what = format!(
            "the next offset to read is {position}, but what is there ends before {end}: the end of the log was lost by its brokers, or \
             the topic was created anew"
        );
        match policy {
            LostOffsets::Stop => {
                let reason = format!(
                    "{what}. Deploy it with failures.lost-offsets = \"earliest\" to have all read that is there now, from offset \
                     {first} on"
                );
                ledger.stop(partition, Some(position), LOST, reason);
            }
            LostOffsets::Earliest => {
                let topic = ledger
                    .all()
                    .into_iter()
                    .find(|one| one.partition == *partition)
                    .and_then(|one| one.topic);
                let reason = format!("{partition}: {what}; reading it from offset {first} on");
                restart(ledger, offsets, partition, first, topic, reason).await?;
            }
        }
    } else {
        // It is there after all: a broker that was asked had not heard of it yet.
        let reason = format!("{partition}: offset {position} was not to be had for a moment");
        ledger.pass_over(partition, generation, position, reason);
    }
    Ok(())
}
