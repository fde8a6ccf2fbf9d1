//! What a host does all the time: follow the log, watch brokers. It tells its status as well: [`telling`].

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use millstream_kafka::{
    TopicPartition,
    log::{LogEvent, LogReader},
};
use tokio::time::MissedTickBehavior;

use super::{Host, Inner, StartError, redrive, telling};
use crate::{logs, status};

/// How often brokers are asked whether they are there.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How long they may take to answer.
const PROBE_WITHIN: Duration = Duration::from_secs(5);
/// Between two attempts at what may pass by itself.
const RETRY: Duration = Duration::from_secs(3);

impl Host {
    /// Waits for brokers and begins to work. Returns once this host has read what is deployed.
    ///
    /// # Errors
    /// If waiting would not help: wrong credentials, control topics that are not fit.
    pub async fn bring_up(&self) -> Result<(), StartError> {
        let inner = &self.inner;
        inner.admin.wait_for_brokers().await?;
        loop {
            match inner.topics.ensure(&inner.admin).await {
                Ok(()) => break,
                Err(error) if error.is_transient() => {
                    tracing::warn!("{error}; trying again");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        *inner.brokers.lock() = Ok(());
        let logs_end = self.logs_end().await;
        let mut caught_up = inner.deployments.subscribe();
        {
            let settings = inner.config.settings.clone();
            let tasks = &inner.tasks;
            tasks.spawn(
                "follows the log of deployments",
                follow_deployments(Arc::clone(inner)),
            );
            tasks.spawn("looks whether brokers are there", probe(Arc::clone(inner)));
            tasks.spawn("tells its status", telling::tell(Arc::clone(inner)));
            tasks.spawn("ends redrives", redrive::settle(self.clone()));
            let watchdog = inner.supervisor.workshop().wiring.watchdog().clone();
            tasks.spawn("watches its lanes", watchdog.watch());
            tasks.spawn(
                "reads the status of other hosts",
                status::read(
                    settings.clone(),
                    inner.topics.status.clone(),
                    Arc::clone(&inner.board),
                ),
            );
            tasks.spawn(
                "reads logs",
                logs::read(
                    settings,
                    inner.topics.logs.clone(),
                    logs_end,
                    Arc::clone(&inner.book),
                ),
            );
            if let Some(lines) = inner.lines.lock().take() {
                tasks.spawn(
                    "keeps logs",
                    logs::write(inner.log_writer.clone(), inner.topics.logs.clone(), lines),
                );
            }
        }
        while !inner.caught_up.load(Relaxed) {
            if caught_up.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn logs_end(&self) -> i64 {
        let partition = TopicPartition::new(self.inner.topics.logs.as_str(), 0);
        match self.inner.admin.extents(&[partition]).await {
            Ok(extents) => extents
                .into_iter()
                .find_map(|(_, extent)| extent.ok())
                .map_or(0, |extent| extent.end),
            Err(_) => 0,
        }
    }
}

/// Tails the revision log into the supervisor, for ever.
async fn follow_deployments(inner: Arc<Inner>) {
    let mut from = 0;
    let mut seen = (**inner.deployments.borrow()).clone();
    loop {
        match LogReader::new(&inner.config.settings, &inner.topics.deployments, 0, from) {
            Ok(mut reader) => loop {
                match reader.next().await {
                    Ok(LogEvent::Record(record)) => {
                        from = record.offset + 1;
                        if seen.read(&record) && inner.caught_up.load(Relaxed) {
                            publish(&inner, &seen);
                        }
                    }
                    Ok(LogEvent::CaughtUp(_)) => {
                        // Only now: what was superseded long ago must not be started.
                        if !inner.caught_up.swap(true, Relaxed) {
                            publish(&inner, &seen);
                        }
                    }
                    Err(error) => {
                        tracing::warn!("reading the log of deployments: {error}; trying again");
                        break;
                    }
                }
            },
            Err(error) => {
                tracing::warn!("cannot read the log of deployments: {error}; trying again")
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn publish(inner: &Inner, seen: &crate::deployments::state::Deployments) {
    inner.supervisor.follow(seen);
    inner.deployments.send_replace(Arc::new(seen.clone()));
}

/// Finds out whether brokers are there, for ever.
async fn probe(inner: Arc<Inner>) {
    let mut every = tokio::time::interval(PROBE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let found = match tokio::time::timeout(
            PROBE_WITHIN,
            inner.admin.partitions(&inner.topics.deployments),
        )
        .await
        {
            Ok(Ok(Some(_))) => Ok(()),
            Ok(Ok(None)) => Err(format!(
                "the topic \"{}\" is gone",
                inner.topics.deployments
            )),
            Ok(Err(error)) => Err(format!(
                "the brokers at {} do not answer: {error}",
                inner.config.settings.brokers()
            )),
            Err(_) => Err(format!(
                "the brokers at {} do not answer",
                inner.config.settings.brokers()
            )),
        };
        let before = std::mem::replace(&mut *inner.brokers.lock(), found.clone());
        match (before, found) {
            (Ok(()), Err(why)) => tracing::warn!("{why}; waiting for them"),
            (Err(_), Ok(())) => tracing::info!("the brokers answer again"),
            _ => {}
        }
    }
}
