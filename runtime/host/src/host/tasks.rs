//! What runs beside a host for as long as it lives. None of it is meant to end: if one does, the host says so, instead of going on
//! without it as if nothing were wrong.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::lane::panic_text;

#[derive(Default)]
pub(super) struct Tasks {
    running: Mutex<JoinSet<()>>,
    ended: Arc<Mutex<Vec<String>>>,
}

impl Tasks {
    /// `what` completes "the host no longer …".
    pub(super) fn spawn(
        &self,
        what: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let ended = Arc::clone(&self.ended);
        self.running.lock().spawn(async move {
            let why = match AssertUnwindSafe(task).catch_unwind().await {
                Ok(()) => "its task ended".to_owned(),
                Err(panic) => format!("its task panicked: {}", panic_text(&*panic)),
            };
            let text = format!("the host no longer {what}, because {why}. This is a bug in Millstream: restart the host");
            tracing::error!("{text}");
            ended.lock().push(text);
        });
    }

    /// Those that have ended, in words.
    pub(super) fn ended(&self) -> Vec<String> {
        self.ended.lock().clone()
    }

    pub(super) fn abort(&self) {
        self.running.lock().abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_is_told_of_and_one_that_is_aborted_is_not() {
        let tasks = Tasks::default();
        tasks.spawn("reads", async { panic!("no such record") });
        tasks.spawn("writes", async {});
        tasks.spawn("waits", std::future::pending());
        while tasks.ended().len() < 2 {
            tokio::task::yield_now().await;
        }
        tasks.abort();
        while tasks.running.lock().try_join_next().is_some() || !tasks.running.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        let mut ended = tasks.ended();
        ended.sort();
        assert_eq!(ended.len(), 2, "{ended:?}");
        assert!(ended[0].contains("no longer reads, because its task panicked: no such record"));
        assert!(ended[1].contains("no longer writes, because its task ended"));
    }
}
