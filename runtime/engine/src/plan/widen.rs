//! A plan over some of a batch's rows becomes one over all of them: the others are rejected.

use super::columns::{TextColumn, u32_at};
use super::{Plan, RejectedRows, check};

impl Plan {
    /// Row i of this plan is row `kept[i]` of the batch; the rows that are not kept are rejected, with these codes and
    /// reasons. Both lists ascend, and have no row in common.
    pub(crate) fn widened<'r>(
        mut self,
        kept: &[u32],
        refused: impl Iterator<Item = (u32, &'r str, &'r str)>,
    ) -> Plan {
        if let Some(rows) = &mut self.rows {
            for row in rows.as_chunks_mut::<4>().0 {
                *row = kept[u32::from_le_bytes(*row) as usize].to_le_bytes();
            }
        }
        let own = self.rejected.take().unwrap_or_default();
        let mut all = RejectedRows::default();
        let mut next = 0;
        for (row, code, reason) in refused {
            next = own.push_below(row, kept, next, &mut all);
            all.push(row, code, super::columns::cut(reason, check::MAX_REASON));
        }
        own.push_below(u32::MAX, kept, next, &mut all);
        self.rejected = Some(all);
        self
    }
}

impl RejectedRows {
    /// Appends to `to` the entries from `next` on whose rows, in the whole batch, are below `row`. Returns the first that
    /// is not.
    fn push_below(&self, row: u32, kept: &[u32], mut next: usize, to: &mut RejectedRows) -> usize {
        while next < self.rows.len() / 4 {
            let mine = kept[u32_at(&self.rows, next) as usize];
            if mine >= row {
                break;
            }
            to.push(mine, self.codes.get(next), self.reasons.get(next));
            next += 1;
        }
        next
    }

    fn push(&mut self, row: u32, code: &str, reason: &str) {
        self.rows.extend_from_slice(&row.to_le_bytes());
        self.codes.push(code);
        self.reasons.push(reason);
    }
}

impl TextColumn {
    fn push(&mut self, text: &str) {
        self.data.push_str(text);
        // Codes and cut reasons of one batch stay far below 4 GiB.
        self.ends
            .extend_from_slice(&(self.data.len() as u32).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use crate::{Batch, Description, Limits, OutputBuilder, Parts, Plan, Row};

    /// A plan over three rows: `build` says what the guest answers.
    fn plan(build: impl FnOnce(&mut OutputBuilder)) -> Plan {
        let row = |offset| Row {
            key: None,
            value: Some(b"v"),
            headers: &[],
            timestamp: 0,
            offset,
        };
        let rows = [row(1), row(3), row(4)];
        let batch = Batch {
            topic: "t",
            partition: 0,
            rows: &rows,
        };
        let mut output = OutputBuilder::new();
        build(&mut output);
        let description = Description::simple(Parts::ALL, &["out"]);
        Plan::from_output(output.finish(), batch, &description, &Limits::default()).expect("a plan")
    }

    fn widened(plan: Plan) -> (Vec<u32>, Vec<(u32, String)>) {
        let refused = [(0, "a", ""), (2, "b", ""), (5, "c", "")];
        let plan = plan.widened(&[1, 3, 4], refused.into_iter());
        let emitted = plan.records().map(|record| record.row).collect();
        let rejected = plan
            .rejections()
            .map(|rejection| (rejection.row, rejection.code.to_owned()))
            .collect();
        (emitted, rejected)
    }

    #[test]
    fn rows_are_those_of_the_whole_batch() {
        let plan = plan(|output| {
            output.emit(2, 0).emit(0, 0).emit(2, 0).reject(1, "own", "");
        });
        let (emitted, rejected) = widened(plan);
        assert_eq!(emitted, [4, 1, 4]);
        let codes: Vec<_> = rejected
            .iter()
            .map(|(row, code)| (*row, code.as_str()))
            .collect();
        assert_eq!(codes, [(0, "a"), (2, "b"), (3, "own"), (5, "c")]);
    }

    #[test]
    fn every_row_means_every_row_that_is_kept() {
        let (emitted, rejected) = widened(Plan::pass_all(3));
        assert_eq!(emitted, [1, 3, 4]);
        assert_eq!(rejected.len(), 3);
    }

    #[test]
    fn a_guest_that_was_not_called_rejects_nothing() {
        let plan = Plan::default().widened(&[], [(0, "a", "")].into_iter());
        assert_eq!((plan.emitted(), plan.rejected()), (0, 1));
    }
}
