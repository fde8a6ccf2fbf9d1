//! The host's process: signals, log, memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::reaper;
use crate::wait::wait_until;

/// Lines of a log that a failing test prints.
const TAIL: usize = 60;

/// A child process with its output in a file. Killed when dropped.
pub struct HostProcess {
    child: Child,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl HostProcess {
    pub fn spawn(mut command: Command, log: &Path) -> Self {
        let out = File::create(log).expect("create the log");
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().expect("the log twice"))
            .stderr(out)
            .spawn()
            .unwrap_or_else(|e| panic!("start {command:?}: {e}"));
        reaper::kill_at_end(child.id());
        Self {
            child,
            log: log.to_owned(),
            status: None,
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("wait for the process");
            if self.status.is_some() {
                reaper::spare(self.child.id());
            }
        }
        self.status
    }

    #[track_caller]
    pub fn await_exit(&mut self, limit: Duration) -> ExitStatus {
        wait_until("the process has ended", limit, || self.exited())
    }

    /// SIGKILL: no chance to finish anything.
    pub fn kill(&mut self) {
        if self.exited().is_none() {
            let _ = self.child.kill();
            self.status = self.child.wait().ok();
            reaper::spare(self.child.id());
        }
    }

    /// SIGTERM: finish what was begun, then end.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    pub fn signal(&mut self, signal: Signal) {
        if self.exited().is_none() {
            let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
            kill_process(pid, signal).expect("send a signal");
        }
    }

    /// The most memory that it ever had resident, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.status_kib("VmHWM:") * 1024
    }

    /// The memory that it has resident, in bytes.
    pub fn memory(&self) -> u64 {
        self.status_kib("VmRSS:") * 1024
    }

    fn status_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("a running process");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .expect("a line of /proc/PID/status");
        line.trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("a number of KiB")
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL)..];
            eprintln!(
                "--- the end of the log of process {}\n{}\n---",
                self.child.id(),
                tail.join("\n")
            );
        }
    }
}
