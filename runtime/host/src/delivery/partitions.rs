//! Partitions come, committed by this revision, an older or a newer one, or by nobody; and partitions go.

use tokio::sync::Mutex;

use super::ledger::Ledger;
use super::{Closed, Committed, DeliveryError, Offsets, Opened, Stamp, Starts};
use crate::source::TopicPartition;

/// Opens partitions in the ledger at what the group has committed or, where that is nothing, at their start, which is
/// committed then. `committing` is held while that is done.
pub(super) async fn open<O: Offsets>(
    ledger: &Ledger,
    offsets: &O,
    committing: &Mutex<()>,
    partitions: &[TopicPartition],
    stamp: Stamp,
    starts: &Starts,
) -> Result<Vec<Opened>, DeliveryError> {
    ledger.restamp(stamp);
    // What was committed before the last reset of offsets counts no more, whether or not it could be deleted.
    let committed: Vec<(Option<Committed>, Option<Stamp>)> = offsets
        .committed(partitions)
        .await?
        .into_iter()
        .map(|committed| {
            let written = committed
                .as_ref()
                .and_then(|committed| committed.metadata.parse::<Stamp>().ok());
            let valid = written.is_none_or(|written| written.reset >= stamp.reset);
            if valid {
                (committed, written)
            } else {
                (None, None)
            }
        })
        .collect();
    let fresh: Vec<TopicPartition> = std::iter::zip(partitions, &committed)
        .filter(|(partition, (committed, _))| {
            committed.is_none() && !starts.contains_key(*partition)
        })
        .map(|(partition, _)| partition.clone())
        .collect();
    let beginnings = if fresh.is_empty() {
        Vec::new()
    } else {
        offsets.beginnings(&fresh).await?
    };
    let beginning = |partition: &TopicPartition| {
        fresh
            .iter()
            .position(|other| other == partition)
            .and_then(|at| beginnings.get(at))
            .copied()
    };

    let mut first_commits = Vec::new();
    let mut found = Vec::new();
    for (partition, (committed, written)) in std::iter::zip(partitions, committed) {
        if let (Some(newer), Some(committed)) =
            (written.filter(|written| *written > stamp), &committed)
        {
            found.push((partition, Err((newer, committed.offset))));
            continue;
        }
        let offset = match committed {
            Some(committed) => committed.offset,
            None => {
                let start = starts
                    .get(partition)
                    .copied()
                    .or_else(|| beginning(partition))
                    .unwrap_or(0);
                first_commits.push((
                    partition.clone(),
                    Committed {
                        offset: start,
                        metadata: stamp.to_string(),
                    },
                ));
                start
            }
        };
        found.push((partition, Ok((offset, written))));
    }
    // A start is resolved once: it has to be kept before anything is read, or a second host could resolve it anew.
    if !first_commits.is_empty() {
        let _one = committing.lock().await;
        offsets
            .commit(&first_commits)
            .await?
            .into_iter()
            .collect::<Result<Vec<()>, _>>()?;
    }
    let opened = found.into_iter().map(|(partition, found)| match found {
        Err((stamp, offset)) => Opened::Newer { stamp, offset },
        Ok((offset, written)) => {
            let first = first_commits.iter().any(|(other, _)| other == partition);
            let written = if first { Some(stamp) } else { written };
            Opened::At {
                offset,
                generation: ledger.open(partition, offset, written),
            }
        }
    });
    Ok(opened.collect())
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
    if let Err(error) = &results {
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
