//! Text that takes about as much room as it is long, wherever it is kept.

use rand::SeedableRng as _;
use rand::distr::{Alphanumeric, SampleString as _};
use rand::rngs::SmallRng;

/// So many letters and digits, which hardly compress: the same ones for the same seed.
pub fn noise(seed: u64, length: usize) -> String {
    Alphanumeric.sample_string(&mut SmallRng::seed_from_u64(seed), length)
}
