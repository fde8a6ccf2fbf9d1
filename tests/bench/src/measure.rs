//! What a process has used so far, as the kernel counts it.

/// CPU time and memory of one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) user_ns: u64,
    pub(crate) system_ns: u64,
    /// The most that it ever had resident.
    pub(crate) peak_rss_bytes: u64,
}

/// Of the process with this id. The clock of /proc/PID/stat ticks every 10 ms.
pub(crate) fn of(process: &str) -> anyhow::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<u64> {
        Ok(fields
            .get(at)
            .ok_or_else(|| anyhow::anyhow!("/proc/{process}/stat is too short"))?
            .parse()?)
    };
    let tick = 1_000_000_000 / rustix::param::clock_ticks_per_second();
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak_kib: u64 = peak
        .map_or("0", |line| line.trim().trim_end_matches(" kB").trim())
        .parse()?;
    Ok(Usage {
        user_ns: ticks(11)? * tick,
        system_ns: ticks(12)? * tick,
        peak_rss_bytes: peak_kib * 1024,
    })
}
