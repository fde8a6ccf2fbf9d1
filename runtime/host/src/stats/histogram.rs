//! A histogram that any thread may add to. Bounds are upper ones, inclusive, as Prometheus has them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// Counts by bucket, without their bounds: those are constants beside each histogram.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    buckets: [AtomicU64; N],
    past: AtomicU64,
    sum: Mutex<f64>,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            past: AtomicU64::new(0),
            sum: Mutex::new(0.0),
        }
    }
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSnapshot {
    /// Upper bound and count of each bucket, not cumulative; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all values.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
}

impl<const N: usize> Histogram<N> {
    pub(super) fn add(&self, value: f64, bounds: &[f64; N]) {
        match bounds.iter().position(|bound| value <= *bound) {
            Some(at) => self.buckets[at].fetch_add(1, Relaxed),
            None => self.past.fetch_add(1, Relaxed),
        };
        *self.sum.lock() += value;
    }

    pub(super) fn snapshot(&self, bounds: &[f64; N]) -> HistogramSnapshot {
        let mut buckets: Vec<(f64, u64)> = bounds
            .iter()
            .zip(&self.buckets)
            .map(|(bound, count)| (*bound, count.load(Relaxed)))
            .collect();
        buckets.push((f64::INFINITY, self.past.load(Relaxed)));
        let count = buckets.iter().map(|bucket| bucket.1).sum();
        HistogramSnapshot {
            buckets,
            sum: *self.sum.lock(),
            count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_a_bound_belongs_below_it() {
        let histogram = Histogram::<2>::default();
        for value in [0.5, 1.0, 1.5, 9.0] {
            histogram.add(value, &[1.0, 2.0]);
        }
        let snapshot = histogram.snapshot(&[1.0, 2.0]);
        assert_eq!(snapshot.buckets, [(1.0, 2), (2.0, 1), (f64::INFINITY, 1)]);
        assert_eq!((snapshot.count, snapshot.sum), (4, 12.0));
    }
}
