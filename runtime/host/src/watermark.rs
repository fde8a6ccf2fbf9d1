//! How far a partition is finished: the **next** offset to read, contiguous over batches that finish in any order.
//!
//! Promises that [`Watermark::position`] never passes a batch that is not finished, that it never goes back except
//! through [`Watermark::rewind`], and that what a batch carries (`T`: its share of the byte budget) is handed back only
//! when everything before it is finished too. Batches carry the offset after their last one, so holes left by compaction
//! and by transaction markers need no care here: contiguous means "in the order in which they began", not "offset + 1".
//!
//! Knows nothing of Kafka, time or threads.

use std::collections::VecDeque;

/// Names one batch of one partition, from [`Watermark::begin`] to [`Watermark::finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The finished part of a partition, and the batches begun after it.
#[derive(Debug)]
pub struct Watermark<T> {
    position: i64,
    /// The ticket of the first entry; entry `n` has ticket `first + n`.
    first: u64,
    entries: VecDeque<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    next: i64,
    finished: bool,
    carried: T,
}

impl<T> Watermark<T> {
    /// Nothing is begun; `position` is the first offset to read.
    #[must_use]
    pub fn new(position: i64) -> Self {
        Self {
            position,
            first: 0,
            entries: VecDeque::new(),
        }
    }

    /// The offset after everything that is finished without a gap: what may be committed.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Begins a batch that ends before offset `next`. Batches are begun in offset order.
    pub fn begin(&mut self, next: i64, carried: T) -> Ticket {
        debug_assert!(
            next >= self.begun(),
            "batches begin in offset order: {next} after {}",
            self.begun()
        );
        let ticket = Ticket(self.first + self.entries.len() as u64);
        self.entries.push_back(Entry {
            next,
            finished: false,
            carried,
        });
        ticket
    }

    /// The offset after everything that has begun.
    #[must_use]
    pub fn begun(&self) -> i64 {
        self.entries
            .back()
            .map_or(self.position, |entry| entry.next)
    }

    /// Finishes a batch and hands back, in order, whatever no unfinished batch stands before any more. A ticket that was
    /// rewound, or has been finished, changes nothing.
    pub fn finish(&mut self, ticket: Ticket) -> Vec<T> {
        if let Some(entry) = ticket
            .0
            .checked_sub(self.first)
            .and_then(|at| self.entries.get_mut(at as usize))
        {
            entry.finished = true;
        }
        let mut passed = Vec::new();
        while self.entries.front().is_some_and(|entry| entry.finished) {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.first += 1;
            self.position = entry.next;
            passed.push(entry.carried);
        }
        passed
    }

    /// Finishes everything that has begun.
    pub fn finish_all(&mut self) -> Vec<T> {
        self.position = self.begun();
        self.rewind()
    }

    /// There is nothing to read between the end of what has begun and `to`. Never goes back.
    pub fn skip(&mut self, to: i64) {
        let end = self
            .entries
            .back_mut()
            .map_or(&mut self.position, |entry| &mut entry.next);
        *end = to.max(*end);
    }

    /// Forgets what has begun and is not behind the position; reading starts over there. Tickets given out before no
    /// longer count.
    pub fn rewind(&mut self) -> Vec<T> {
        self.first += self.entries.len() as u64;
        self.entries.drain(..).map(|entry| entry.carried).collect()
    }

    /// Batches from the oldest unfinished one on.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn position_waits_for_the_oldest_batch() {
        let mut watermark = Watermark::new(10);
        let a = watermark.begin(20, 'a');
        let b = watermark.begin(30, 'b');
        assert_eq!(watermark.finish(b), vec![]);
        assert_eq!(watermark.position(), 10);
        assert_eq!(watermark.finish(a), vec!['a', 'b']);
        assert_eq!(watermark.position(), 30);
        assert_eq!(watermark.outstanding(), 0);
    }

    #[test]
    fn finishing_after_a_rewind_changes_nothing() {
        let mut watermark = Watermark::new(0);
        let old = watermark.begin(5, 1);
        assert_eq!(watermark.rewind(), vec![1]);
        let new = watermark.begin(7, 2);
        assert_eq!(watermark.finish(old), Vec::<i32>::new());
        assert_eq!(watermark.position(), 0);
        assert_eq!(watermark.finish(new), vec![2]);
        assert_eq!(watermark.position(), 7);
    }

    #[test]
    fn finishing_twice_counts_once() {
        let mut watermark = Watermark::new(0);
        let a = watermark.begin(1, ());
        let _b = watermark.begin(2, ());
        assert_eq!(watermark.finish(a).len(), 1);
        assert_eq!(watermark.finish(a).len(), 0);
        assert_eq!(watermark.position(), 1);
    }

    #[test]
    fn what_is_skipped_belongs_to_the_batch_before_it() {
        let mut watermark = Watermark::new(0);
        let only = watermark.begin(5, ());
        watermark.skip(9);
        assert_eq!(watermark.position(), 0);
        watermark.finish(only);
        assert_eq!(watermark.position(), 9);
        watermark.skip(7);
        assert_eq!(watermark.position(), 9);
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// A batch whose end lies this far past the last one: more than its rows where offsets are missing.
        Begin(i64),
        /// Finishes the batch at this place among all that ever began, finished or not.
        Finish(usize),
        Rewind,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (1i64..50).prop_map(Step::Begin),
            5 => (0usize..64).prop_map(Step::Finish),
            1 => Just(Step::Rewind),
        ];
        proptest::collection::vec(step, 0..120)
    }

    /// The plain reading of the promise: a list of everything begun since the last rewind.
    #[derive(Default)]
    struct Model {
        start: i64,
        live: Vec<(usize, i64, bool)>,
        released: usize,
    }

    impl Model {
        fn finished_prefix(&self) -> usize {
            self.live
                .iter()
                .take_while(|(_, _, finished)| *finished)
                .count()
        }
        fn position(&self) -> i64 {
            self.finished_prefix()
                .checked_sub(1)
                .map_or(self.start, |last| self.live[last].1)
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_list_of_everything(start in 0i64..1000, steps in steps()) {
            let mut watermark = Watermark::new(start);
            let mut model = Model { start, ..Model::default() };
            let mut tickets = Vec::new();
            let mut end = start;
            for step in steps {
                let before = watermark.position();
                match step {
                    Step::Begin(by) => {
                        end += by;
                        let number = tickets.len();
                        tickets.push(watermark.begin(end, number));
                        model.live.push((number, end, false));
                    }
                    Step::Finish(at) if !tickets.is_empty() => {
                        let number = at % tickets.len();
                        for entry in model.live.iter_mut().filter(|entry| entry.0 == number) {
                            entry.2 = true;
                        }
                        let passed = watermark.finish(tickets[number]);
                        let expected: Vec<usize> =
                            model.live[model.released..model.finished_prefix()].iter().map(|entry| entry.0).collect();
                        prop_assert_eq!(passed, expected);
                        model.released = model.finished_prefix();
                    }
                    Step::Finish(_) => {}
                    Step::Rewind => {
                        let dropped = watermark.rewind();
                        let expected: Vec<usize> = model.live[model.released..].iter().map(|entry| entry.0).collect();
                        prop_assert_eq!(dropped, expected);
                        model = Model { start: model.position(), ..Model::default() };
                        end = model.start;
                    }
                }
                prop_assert_eq!(watermark.position(), model.position());
                prop_assert_eq!(watermark.outstanding(), model.live.len() - model.released);
                prop_assert!(watermark.position() >= before, "the position went back");
            }
        }
    }
}
