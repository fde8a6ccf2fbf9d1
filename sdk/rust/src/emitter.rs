//! What a transform that goes record by record emits its records with.

use crate::emission::Emission;
use crate::outputs::{Counters, NoCounters, Outputs};
use crate::plan::{Mark, Plan};
use crate::reject::Reject;

/// Emits records that come from the record at hand. A record for which nothing is emitted is dropped.
///
/// When the transform returns an error, what it emitted for this record is taken back.
#[derive(Debug)]
pub struct Emitter<O, C = NoCounters> {
    plan: Plan<O, C>,
    row: usize,
    start: Mark,
}

impl<O: Outputs, C: Counters> Emitter<O, C> {
    pub(crate) fn new(rows: usize) -> Self {
        let plan = Plan::new(rows);
        let start = plan.raw.mark();
        Emitter {
            plan,
            row: 0,
            start,
        }
    }

    /// Goes on to this row.
    #[inline]
    pub(crate) fn begin(&mut self, row: usize) {
        self.row = row;
        self.start = self.plan.raw.mark();
    }

    #[cold]
    pub(crate) fn reject(&mut self, reject: Reject) {
        self.drop();
        self.plan.raw.reject(self.row as u32, reject);
    }

    pub(crate) fn into_plan(self) -> Plan<O, C> {
        self.plan
    }

    /// Emits the record as it is. Calling it again emits the record again, to one output or to more.
    #[inline]
    pub fn forward(&mut self, output: O) {
        self.plan.forward(self.row, output);
    }

    /// Emits the record; what the answer's methods don't change stays as it is.
    #[inline]
    pub fn emit(&mut self, output: O) -> Emission<'_> {
        self.plan.emit(self.row, output)
    }

    /// Drops the record: takes back what was emitted for it. A record for which nothing was emitted is dropped without
    /// this.
    #[expect(
        clippy::should_implement_trait,
        reason = "dropping a record is the contract's own word for it"
    )]
    pub fn drop(&mut self) {
        self.plan.raw.return_to(self.start);
    }

    /// Adds to a counter. It counts if the host accepts the answer to this batch, whatever becomes of this record.
    #[inline]
    pub fn count(&mut self, counter: C, by: u64) {
        self.plan.count(counter, by);
    }
}
