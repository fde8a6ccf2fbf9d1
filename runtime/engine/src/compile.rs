//! Compiles a module: bytes in, bytes out, in a process of its own with limits on memory and CPU time.
//!
//! A compiler bug or a module made to exhaust it takes down that process and nothing else. The process is this very
//! binary, told to call [`compile_main`].

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use wasmtime::Engine;

use crate::engine::blocking;
use crate::raw::code::TrustedCode;
use crate::{LoadError, config};

/// Address space of the compiler: Python's 18 MB need about 1 GiB of memory.
const MEMORY: u64 = 6 << 30;
/// CPU seconds of the compiler: StarlingMonkey takes 6, Python 5.
const CPU_SECONDS: u64 = 180;
/// On the clock: it is niced, and waits behind whatever the host does.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes that the child reads: more than any module limit.
const MAX_INPUT: u64 = 256 << 20;
/// Bytes of its messages that are kept.
const MAX_MESSAGE: u64 = 8 * 1024;

/// The child's exit code where the module is to blame.
const MODULE_IS_BAD: i32 = 65;

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
                    .map_err(|e| LoadError::Invalid(format!("{e:#}")))?;
                Ok(TrustedCode::from_own_compiler(code))
            })
            .await
        }
        CompilerProcess::Child { program, args } => {
            let compiled = tokio::time::timeout(PATIENCE, child(program, args, &wasm)).await;
            compiled.unwrap_or_else(|_| {
                Err(LoadError::Compile(format!(
                    "it takes longer than {PATIENCE:?}"
                )))
            })
        }
    }
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
    let (Some(mut stdin), Some(mut stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(LoadError::Host("the compiler has no pipes".to_owned()));
    };
    let (mut code, mut message) = (Vec::new(), Vec::new());
    let mut limited = stderr.take(MAX_MESSAGE);
    let write = async {
        // A child that ends before it read everything says why on its own.
        let _ = stdin.write_all(wasm).await;
        drop(stdin);
    };
    let ((), read, said) = tokio::join!(
        write,
        stdout.read_to_end(&mut code),
        limited.read_to_end(&mut message)
    );
    read.and(said).map_err(|e| host("cannot read from", e))?;
    let status = child.wait().await.map_err(|e| host("cannot wait for", e))?;
    if status.success() {
        return Ok(TrustedCode::from_own_compiler(code));
    }
    let message = String::from_utf8_lossy(&message).trim().to_owned();
    use std::os::unix::process::ExitStatusExt;
    Err(match (status.code(), status.signal()) {
        (Some(MODULE_IS_BAD), _) => LoadError::Invalid(message),
        (_, Some(libc::SIGXCPU)) => LoadError::Compile(format!(
            "compiling it takes more than {CPU_SECONDS} s of CPU time"
        )),
        (_, Some(libc::SIGABRT | libc::SIGSEGV | libc::SIGKILL | libc::SIGBUS)) => {
            let limit = MEMORY >> 30;
            LoadError::Compile(format!(
                "the compiler died, likely of its limit of {limit} GiB of memory: {message}"
            ))
        }
        _ => LoadError::Host(format!(
            "{} ended with {status}: {message}",
            program.display()
        )),
    })
}

/// What the child process runs: reads a component on standard input, writes its compiled code on standard output, and
/// ends the process. Limits itself first.
pub fn compile_main() -> ! {
    std::process::exit(match compile_stdin() {
        Ok(()) => 0,
        Err((code, message)) => {
            eprintln!("{message}");
            code
        }
    })
}

fn compile_stdin() -> Result<(), (i32, String)> {
    let host = |e: &dyn std::fmt::Display| (1, e.to_string());
    let limit = |n| Rlimit {
        current: Some(n),
        maximum: Some(n),
    };
    setrlimit(Resource::As, limit(MEMORY)).map_err(|e| host(&e))?;
    setrlimit(Resource::Cpu, limit(CPU_SECONDS)).map_err(|e| host(&e))?;
    setrlimit(Resource::Core, limit(0)).map_err(|e| host(&e))?;
    // A host that already runs at the lowest priority stays there.
    let _ = nice(10);
    let mut wasm = Vec::new();
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_end(&mut wasm)
        .map_err(|e| host(&e))?;
    let engine = Engine::new(&config::common()).map_err(|e| host(&e))?;
    let code = engine
        .precompile_component(&wasm)
        .map_err(|e| (MODULE_IS_BAD, format!("{e:#}")))?;
    let mut stdout = std::io::stdout();
    stdout
        .write_all(&code)
        .and_then(|()| stdout.flush())
        .map_err(|e| host(&e))
}
