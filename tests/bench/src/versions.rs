//! What a run was made with, for whoever compares it with another one.

use std::process::Command;

/// The machine and the versions of everything that takes part, in lines.
pub(crate) fn text() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("an unknown CPU", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
    format!(
        "{cores} cores of {model}, Linux {}; {}; Millstream {} ({}), librdkafka {librdkafka}; {}",
        kernel.trim(),
        first_line(Command::new("date").arg("+%-d %B %Y")),
        env!("CARGO_PKG_VERSION"),
        first_line(Command::new("git").args(["describe", "--always", "--dirty"])),
        first_line(Command::new("java").arg("--version")),
    )
}

/// What a program says first; nothing if it cannot be run.
fn first_line(command: &mut Command) -> String {
    let output = command
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().next().unwrap_or_default().to_owned()
}
