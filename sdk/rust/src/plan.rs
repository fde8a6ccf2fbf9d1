//! The answer to a batch: which rows go where, and what of them changes.
//!
//! Costs what it says: an emitted row is a number or two, a change its new bytes. What need not be said (every row, in
//! order; everything to the first output; a change for every record) is left out of the answer.

use std::marker::PhantomData;

use crate::bindings::millstream::transform::records::{Output, Rejections};
use crate::emission::Emission;
use crate::outputs::{Counters, NoCounters, Outputs};
use crate::patch::{BytesPatch, ColumnBuilder, HeaderPatch, NumberPatch};
use crate::reject::Reject;

/// What becomes of a batch. A row that is neither emitted nor rejected is dropped.
///
/// Emitted records are written in the order in which they are emitted here. Keep rows ascending and each output partition
/// keeps the order of its input.
pub struct Plan<O, C = NoCounters> {
    pub(crate) raw: RawPlan,
    pub(crate) counts: Vec<u64>,
    names: PhantomData<fn(O, C)>,
}

impl<O: Outputs, C: Counters> Plan<O, C> {
    pub(crate) fn new(rows: usize) -> Self {
        Plan {
            raw: RawPlan {
                rows: Vec::with_capacity(4 * rows),
                ..RawPlan::default()
            },
            counts: vec![0; C::NAMES.len()],
            names: PhantomData,
        }
    }

    /// Emits this row as it is. It may be emitted several times, to one output or to more.
    ///
    /// A row that the batch does not have is the transform's failure.
    #[inline]
    pub fn forward(&mut self, row: usize, output: O) {
        self.raw.push(row as u32, output.index());
    }

    /// Emits this row; what the answer's methods don't change stays as it is.
    #[inline]
    pub fn emit(&mut self, row: usize, output: O) -> Emission<'_> {
        let position = self.raw.push(row as u32, output.index());
        Emission::new(&mut self.raw, position)
    }

    /// Says that this row cannot be processed. Rejecting a row that is emitted as well is the transform's failure;
    /// rejecting one again changes nothing.
    pub fn reject(&mut self, row: usize, reject: Reject) {
        self.raw.rejected.push((row as u32, reject));
    }

    /// Adds to a counter. It counts if the host accepts the answer to this batch.
    #[inline]
    pub fn count(&mut self, counter: C, by: u64) {
        self.counts[counter.index() as usize] += by;
    }
}

impl<O, C> std::fmt::Debug for Plan<O, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("emitted", &self.raw.emitted)
            .field("rejected", &self.raw.rejected.len())
            .finish()
    }
}

/// The plan without the names of outputs.
#[derive(Debug, Default)]
pub(crate) struct RawPlan {
    emitted: u32,
    /// The row after the last one emitted.
    next_row: u32,
    /// Whether some row does not come after the one before.
    disordered: bool,
    rows: Vec<u8>,
    /// Empty until an output other than the first is named.
    outputs: Vec<u8>,
    pub(crate) keys: BytesPatch,
    pub(crate) values: BytesPatch,
    pub(crate) headers: HeaderPatch,
    pub(crate) added: HeaderPatch,
    pub(crate) timestamps: NumberPatch<8>,
    pub(crate) partitions: NumberPatch<4>,
    rejected: Vec<(u32, Reject)>,
}

/// A state of the plan to go back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    emitted: u32,
    next_row: u32,
    disordered: bool,
}

impl RawPlan {
    /// Answers the new record's position among the emitted ones.
    #[inline]
    pub(crate) fn push(&mut self, row: u32, output: u16) -> u32 {
        self.rows.extend_from_slice(&row.to_le_bytes());
        self.disordered |= row < self.next_row;
        // Saturating: past the greatest row no smaller one ascends.
        self.next_row = row.saturating_add(1);
        if output != 0 && self.outputs.is_empty() {
            self.outputs.reserve(self.rows.capacity() / 2);
            self.outputs.resize(2 * self.emitted as usize, 0);
        }
        let position = self.emitted;
        self.emitted += 1;
        if output != 0 || !self.outputs.is_empty() {
            self.outputs.extend_from_slice(&output.to_le_bytes());
        }
        position
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            emitted: self.emitted,
            next_row: self.next_row,
            disordered: self.disordered,
        }
    }

    /// Takes back what was emitted since.
    pub(crate) fn return_to(&mut self, mark: Mark) {
        if self.emitted == mark.emitted {
            return;
        }
        self.emitted = mark.emitted;
        self.next_row = mark.next_row;
        self.disordered = mark.disordered;
        self.rows.truncate(4 * mark.emitted as usize);
        self.outputs.truncate(2 * mark.emitted as usize);
        self.keys.truncate_to(mark.emitted);
        self.values.truncate_to(mark.emitted);
        self.headers.truncate_to(mark.emitted);
        self.added.truncate_to(mark.emitted);
        self.timestamps.truncate_to(mark.emitted);
        self.partitions.truncate_to(mark.emitted);
    }

    pub(crate) fn reject(&mut self, row: u32, reject: Reject) {
        self.rejected.push((row, reject));
    }

    /// Whether an emitted row is rejected; rows are ascending.
    fn rejects_what_it_emits(&self) -> bool {
        let rows = self.rows.as_chunks::<4>().0;
        let is_emitted = |row: &u32| {
            let found = rows.binary_search_by_key(row, |bytes| u32::from_le_bytes(*bytes));
            found.is_ok()
        };
        self.rejected.iter().any(|(row, _)| is_emitted(row))
    }

    pub(crate) fn finish(mut self, rows: usize) -> Output {
        self.rejected.sort_by_key(|(row, _)| *row);
        self.rejected.dedup_by_key(|(row, _)| *row);
        let rejected = self.rejected.len();
        let emitted = self.emitted as usize;
        // As many ascending rows as are not rejected are all of them, unless one of them is rejected too or is none of the batch's:
        // that is the transform's failure, and only rows that are said show it. Of ascending rows the last one tells.
        let all = !self.disordered
            && emitted + rejected == rows
            && self.next_row as usize <= rows
            && !self.rejects_what_it_emits();
        Output {
            rows: (!all).then_some(self.rows),
            outputs: (!self.outputs.is_empty()).then_some(self.outputs),
            keys: self.keys.finish(emitted),
            values: self.values.finish(emitted),
            headers: self.headers.finish(emitted),
            added_headers: self.added.finish(emitted),
            timestamps: self.timestamps.finish(emitted),
            partitions: self.partitions.finish(emitted),
            rejected: (rejected != 0).then(|| rejections(&self.rejected)),
        }
    }
}

fn rejections(rejected: &[(u32, Reject)]) -> Rejections {
    let (mut rows, mut codes, mut reasons) = (
        Vec::new(),
        ColumnBuilder::default(),
        ColumnBuilder::default(),
    );
    for (row, reject) in rejected {
        rows.extend_from_slice(&row.to_le_bytes());
        codes.push(Some(reject.code().as_bytes()));
        reasons.push(Some(reject.reason().as_bytes()));
    }
    Rejections {
        rows,
        codes: codes.finish(),
        reasons: reasons.finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_need_not_be_said_is_left_out() {
        let mut plan = RawPlan::default();
        for row in 0..3 {
            plan.push(row, 0);
        }
        let output = plan.finish(3);
        assert!(output.rows.is_none() && output.outputs.is_none() && output.rejected.is_none());
    }

    #[test]
    fn rows_are_left_out_where_the_others_are_rejected() {
        let mut plan = RawPlan::default();
        plan.push(0, 0);
        plan.reject(1, Reject::new("bad", ""));
        plan.push(2, 1);
        let output = plan.finish(3);
        assert_eq!(output.rows, None);
        assert_eq!(output.outputs, Some(vec![0, 0, 1, 0]));
        assert_eq!(output.rejected.expect("one is rejected").rows, [1, 0, 0, 0]);
    }

    #[test]
    fn rows_are_said_where_one_occurs_twice_or_not_at_all() {
        let mut plan = RawPlan::default();
        plan.push(0, 0);
        plan.push(0, 0);
        assert_eq!(plan.finish(2).rows, Some(vec![0; 8]));
        let mut plan = RawPlan::default();
        plan.push(1, 0);
        assert_eq!(plan.finish(2).rows, Some(vec![1, 0, 0, 0]));
    }

    #[test]
    fn rows_are_said_where_one_is_emitted_and_rejected() {
        let mut plan = RawPlan::default();
        plan.push(0, 0);
        plan.reject(0, Reject::new("bad", ""));
        // Two rows, one emitted and one rejected: but not one each.
        assert_eq!(plan.finish(2).rows, Some(vec![0; 4]));
    }

    #[test]
    fn rows_are_said_where_the_batch_does_not_have_one() {
        for rows in [[1, 2, 3], [0, 1, 3], [0, u32::MAX, 1], [0, 1, u32::MAX]] {
            let mut plan = RawPlan::default();
            for row in rows {
                plan.push(row, 0);
            }
            let said = plan.finish(3).rows.expect("rows are said");
            assert_eq!(said, rows.map(u32::to_le_bytes).concat());
        }
    }

    #[test]
    fn going_back_leaves_no_trace() {
        let mut plan = RawPlan::default();
        plan.push(0, 0);
        let mark = plan.mark();
        let position = plan.push(5, 1);
        plan.added.append(position, "a", None);
        plan.timestamps.set(position, 7i64.to_le_bytes());
        plan.partitions.set(position, 7i32.to_le_bytes());
        plan.return_to(mark);
        plan.push(1, 0);
        let output = plan.finish(2);
        assert!(output.rows.is_none());
        assert!(output.outputs.is_none_or(|outputs| outputs == [0; 4]));
        assert!(
            output.added_headers.is_none()
                && output.timestamps.is_none()
                && output.partitions.is_none()
        );
    }
}
