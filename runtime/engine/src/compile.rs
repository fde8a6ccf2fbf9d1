//! Compiles a module: bytes in, bytes out, in a process of its own with limits on memory, CPU time and what comes out.
//!
//! A compiler bug or a module made to exhaust it takes down that process and nothing else. The process is this very
//! binary, told to call [`compile_main`]. What it may use follows from the module's size ([`Allowance`]).

mod allowance;

use std::ffi::OsString;
use std::future::Future;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use wasmtime::Engine;

use crate::engine::blocking;
use crate::raw::code::TrustedCode;
use crate::{LoadError, config};
use allowance::Allowance;

/// Address space of the compiler, for what the watch on its memory is too slow to see.
const ADDRESS_SPACE: u64 = 8 << 30;
/// On the clock: it is niced, and waits behind whatever the host does.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes that the child reads: more than any module limit.
const MAX_INPUT: u64 = 256 << 20;
/// Bytes of its messages that are kept.
const MAX_MESSAGE: usize = 8 * 1024;

/// The child's exit codes where the module is to blame: it is not valid, or takes more than its allowance.
const MODULE_IS_BAD: i32 = 65;
const MODULE_TAKES_TOO_MUCH: i32 = 66;
/// Between SIGXCPU, which says why the child ends, and SIGKILL, which does not: both at once would be SIGKILL.
const GRACE_SECONDS: u64 = 5;

/// Where modules are compiled.
#[derive(Clone, Debug, Default)]
pub enum CompilerProcess {
    /// In this process, without limits. For tests and one-off tools that compile what their user wrote.
    #[default]
    InProcess,
    /// In a child process: a program that calls [`compile_main`] when it is given these arguments.
    Child {
        /// The program, usually `std::env::current_exe()`.
        program: PathBuf,
        /// Its arguments, usually the hidden subcommand.
        args: Vec<OsString>,
    },
}

pub(crate) async fn compile(
    compiler: &CompilerProcess,
    engine: &Engine,
    wasm: Arc<[u8]>,
) -> Result<TrustedCode, LoadError> {
    match compiler {
        CompilerProcess::InProcess => {
            let engine = engine.clone();
            blocking(move || {
                let code = engine
                    .precompile_component(&wasm)
                    .map_err(|e| LoadError::Invalid(shortened(format!("{e:#}"))))?;
                Ok(TrustedCode::from_own_compiler(code))
            })
            .await
        }
        CompilerProcess::Child { program, args } => {
            within(PATIENCE, child(program, args, &wasm)).await
        }
    }
}

/// What the compiler answers in this time. One that is not done waits for a CPU: what a module may take of it is limited apart
/// from that, and ends the compiler sooner.
async fn within<T>(
    patience: Duration,
    compiled: impl Future<Output = Result<T, LoadError>>,
) -> Result<T, LoadError> {
    let compiled = tokio::time::timeout(patience, compiled).await;
    compiled.unwrap_or_else(|_| {
        Err(LoadError::Host(format!(
            "the compiler is not done after {patience:?}: give the machine more CPU time, or have less run beside the \
             host"
        )))
    })
}

async fn child(
    program: &PathBuf,
    args: &[OsString],
    wasm: &[u8],
) -> Result<TrustedCode, LoadError> {
    let host = |what: &str, e: std::io::Error| {
        LoadError::Host(format!("{what} {}: {e}", program.display()))
    };
    let mut child = Command::new(program)
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| host("cannot start", e))?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(LoadError::Host("the compiler has no pipes".to_owned()));
    };
    let allowance = Allowance::of(wasm.len());
    let write = async {
        // A child that ends before it read everything says why on its own.
        let _ = stdin.write_all(wasm).await;
        drop(stdin);
    };
    // The child keeps to its limits by itself, but this process is the one that is to stay small.
    let ((), code, message) = tokio::join!(
        write,
        read(stdout, allowance.code + 1),
        read(stderr, MAX_MESSAGE as u64)
    );
    let code = code.map_err(|e| host("cannot read from", e))?;
    let message = message.map_err(|e| host("cannot read from", e))?;
    if code.len() as u64 > allowance.code {
        return Err(LoadError::Compile(allowance.too_much_code(code.len())));
    }
    let status = child.wait().await.map_err(|e| host("cannot wait for", e))?;
    if status.success() {
        return Ok(TrustedCode::from_own_compiler(code));
    }
    let message = String::from_utf8_lossy(&message).trim().to_owned();
    use std::os::unix::process::ExitStatusExt;
    Err(match (status.code(), status.signal()) {
        (Some(MODULE_IS_BAD), _) => LoadError::Invalid(message),
        (Some(MODULE_TAKES_TOO_MUCH), _) => LoadError::Compile(message),
        (_, Some(libc::SIGXCPU)) => LoadError::Compile(allowance.too_much_cpu()),
        (_, Some(signal @ (libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS))) => {
            LoadError::Compile(format!(
                "the compiler died of signal {signal}, likely for want of memory: {message}"
            ))
        }
        // None of the child's own limits ends it so, and of all processes the kernel takes this one first.
        (_, Some(libc::SIGKILL)) => LoadError::Host(
            "the compiler was killed, likely because the machine has no memory left: give it more, or have less run \
             beside the host"
                .to_owned(),
        ),
        _ => LoadError::Host(format!(
            "{} ended with {status}: {message}",
            program.display()
        )),
    })
}

/// Up to `most` bytes of a pipe, which is closed then: a child that has more to say is not to wait for somebody who listens.
async fn read(pipe: impl AsyncRead + Unpin, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// The parser's messages quote names, which may be of any length.
fn shortened(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    message
}

/// What the child process runs: reads a component on standard input, writes its compiled code on standard output, and
/// ends the process. Limits itself first.
pub fn compile_main() -> ! {
    std::process::exit(match compile_stdin() {
        Ok(()) => 0,
        Err((code, message)) => {
            say(message);
            code
        }
    })
}

/// Tells the parent, which reads so much and no more.
fn say(message: String) {
    // Whoever does not listen any longer need not know.
    let _ = writeln!(std::io::stderr(), "{}", shortened(message));
}

fn compile_stdin() -> Result<(), (i32, String)> {
    let host = |e: &dyn std::fmt::Display| (1, e.to_string());
    let limit = |current, maximum| Rlimit {
        current: Some(current),
        maximum: Some(maximum),
    };
    setrlimit(Resource::As, limit(ADDRESS_SPACE, ADDRESS_SPACE)).map_err(|e| host(&e))?;
    setrlimit(Resource::Core, limit(0, 0)).map_err(|e| host(&e))?;
    // A host that already runs at the lowest priority stays there.
    let _ = nice(10);
    // Where memory runs out all the same, it is this process that the kernel ends, not the host.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let mut wasm = Vec::new();
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_end(&mut wasm)
        .map_err(|e| host(&e))?;
    let allowance = Allowance::of(wasm.len());
    let seconds = allowance.cpu.as_secs();
    setrlimit(Resource::Cpu, limit(seconds, seconds + GRACE_SECONDS)).map_err(|e| host(&e))?;
    allowance::watch_memory(allowance, |message| {
        say(message);
        std::process::exit(MODULE_TAKES_TOO_MUCH);
    })
    .map_err(|e| host(&e))?;
    let engine = Engine::new(&config::common()).map_err(|e| host(&e))?;
    let code = engine
        .precompile_component(&wasm)
        .map_err(|e| (MODULE_IS_BAD, format!("{e:#}")))?;
    if code.len() as u64 > allowance.code {
        return Err((MODULE_TAKES_TOO_MUCH, allowance.too_much_code(code.len())));
    }
    let mut stdout = std::io::stdout();
    stdout
        .write_all(&code)
        .and_then(|()| stdout.flush())
        .map_err(|e| host(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_compiler_that_has_to_wait_too_long_is_the_hosts_fault() {
        let never = std::future::pending::<Result<(), LoadError>>();
        let error = within(Duration::ZERO, never)
            .await
            .expect_err("it is given up");
        assert!(!error.is_modules_fault(), "{error}");
    }
}
