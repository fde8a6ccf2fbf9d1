//! An outlet for rows that its flights cannot hold on to: all of them are copied.

use std::marker::PhantomData;

use super::{DeliveryError, Done, Outgoing, Outlet, SendError};
use crate::source::Rows;

/// Writes through another outlet, whatever the rows are.
#[derive(Debug)]
pub struct Copied<P, R> {
    outlet: P,
    rows: PhantomData<fn(R)>,
}

impl<P, R> Copied<P, R> {
    /// Writes through this one.
    #[must_use]
    pub fn new(outlet: P) -> Self {
        Self {
            outlet,
            rows: PhantomData,
        }
    }
}

impl<P: Outlet, R: Rows> Outlet for Copied<P, R> {
    type Rows = R;
    type Topic = P::Topic;
    type Flight = P::Flight;

    async fn topic(&self, name: &str) -> Result<P::Topic, DeliveryError> {
        self.outlet.topic(name).await
    }

    async fn prepare(&self, topic: &P::Topic) {
        self.outlet.prepare(topic).await;
    }

    fn partitions(&self, topic: &P::Topic) -> i32 {
        self.outlet.partitions(topic)
    }

    fn max_message_bytes(&self, topic: &P::Topic) -> u64 {
        self.outlet.max_message_bytes(topic)
    }

    fn holds_rows(&self) -> bool {
        false
    }

    fn begin(&self, _rows: Option<R>, patched: Vec<u8>, done: Done) -> P::Flight {
        self.outlet.begin(None, patched, done)
    }

    fn hold(&self, flight: &mut P::Flight, topic: &P::Topic) {
        self.outlet.hold(flight, topic);
    }

    fn rows<'a>(&self, _flight: &'a P::Flight) -> Option<&'a R> {
        None
    }

    fn send(
        &self,
        flight: &mut P::Flight,
        record: &Outgoing<'_, P::Topic>,
    ) -> Result<(), SendError> {
        self.outlet.send(flight, record)
    }

    fn idle(&self) {
        self.outlet.idle();
    }

    async fn ready(&self, topic: &P::Topic) {
        self.outlet.ready(topic).await;
    }

    fn seal(&self, flight: P::Flight) {
        self.outlet.seal(flight);
    }

    fn recover(&self, reason: &DeliveryError) {
        self.outlet.recover(reason);
    }
}
