//! What the compiler may use for a module of some size, so that a small one cannot take what only a large one needs.
//!
//! Measured: StarlingMonkey's 11.7 MB take 6 s on two cores, Python's 18 MB 5 s and 1 GiB; 50,000 functions in 450 kB take 8 s
//! of CPU time. Machines may be slower, and with more cores more functions are in memory at once. What these limits are
//! for: 29 kB that call a function of 128 parameters ten thousand times compile to 40 MB, in 24 s.

use std::time::Duration;

use crate::budget::mebibytes;

const MIB: u64 = 1 << 20;
/// How often the compiler's memory is looked at: it takes some 100 MiB in that time.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Bytes of the module.
    module: u64,
    /// Bytes resident.
    memory: u64,
    /// CPU time of all threads.
    pub(super) cpu: Duration,
    /// Bytes of compiled code.
    pub(super) code: u64,
}

impl Allowance {
    pub(super) fn of(module: usize) -> Allowance {
        let module = module as u64;
        let mebibytes = module.div_ceil(MIB);
        Allowance {
            module,
            memory: (512 + 96 * mebibytes).min(5 << 10) * MIB,
            cpu: Duration::from_secs((20 + 5 * mebibytes).min(180)),
            code: (32 + 16 * mebibytes).min(512) * MIB,
        }
    }

    fn too_much(&self, what: &str) -> String {
        format!(
            "{what}, more than a module of {} may take: make it smaller, or split what is large in it",
            mebibytes(self.module)
        )
    }

    pub(super) fn too_much_cpu(&self) -> String {
        self.too_much(&format!(
            "compiling it takes more than {:?} of CPU time",
            self.cpu
        ))
    }

    pub(super) fn too_much_code(&self, bytes: usize) -> String {
        self.too_much(&format!(
            "it compiles to {} of machine code, the limit is {}",
            mebibytes(bytes as u64),
            mebibytes(self.code)
        ))
    }

    fn too_much_memory(&self) -> String {
        self.too_much(&format!(
            "compiling it takes more than {} of memory",
            mebibytes(self.memory)
        ))
    }
}

/// Looks at this process's memory from a thread of its own, and calls `exceeded` once with why it is too much.
pub(super) fn watch_memory(
    allowance: Allowance,
    exceeded: impl FnOnce(String) + Send + 'static,
) -> std::io::Result<()> {
    let watch = move || {
        while resident().is_none_or(|bytes| bytes <= allowance.memory) {
            std::thread::sleep(LOOK);
        }
        exceeded(allowance.too_much_memory());
    };
    std::thread::Builder::new()
        .name("memory".into())
        .spawn(watch)?;
    Ok(())
}

/// Bytes that this process has resident, where the system says so.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_module_gets_little_and_a_large_one_enough() {
        let small = Allowance::of(80_000);
        assert_eq!((small.memory, small.code), (608 * MIB, 48 * MIB));
        assert_eq!(small.cpu, Duration::from_secs(25));
        let python = Allowance::of(18_000_000);
        assert!(python.memory >= 2 << 30 && python.cpu >= Duration::from_secs(100));
        let largest = Allowance::of(64 << 20);
        assert_eq!((largest.memory, largest.code), (5 << 30, 512 * MIB));
        assert_eq!(largest.cpu, Duration::from_secs(180));
        assert!(small.too_much_cpu().contains("25s") && small.too_much_cpu().contains("0.1 MiB"));
    }
}
