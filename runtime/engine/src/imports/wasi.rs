//! The parts of WASI 0.2 that work: an empty environment, streams that end in the log, clocks that stand still within a
//! call, random numbers. Whatever would wait returns at once.

use rand::RngExt;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType, WasmList};

use crate::observer::LogSource;
use crate::raw::wasi::{
    Datetime, InputStream, IoError, OutputStream, Pollable, StreamError, TerminalInput,
    TerminalOutput,
};
use crate::state::{Clock, HostTrap, MAX_HANDLES, State};

/// Bytes that a stream takes at once, as far as a guest is told.
const STREAM_ROOM: u64 = 64 * 1024;
/// Random bytes of one call.
const MAX_RANDOM: u64 = 64 * 1024;

const STDOUT: u32 = 1;
const STDERR: u32 = 2;

type Store<'a> = StoreContextMut<'a, State>;
type Streamed<T> = wasmtime::Result<(Result<T, StreamError>,)>;

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    environment(linker)?;
    terminals(linker)?;
    poll(linker)?;
    input(linker)?;
    output(linker)?;
    clocks(linker)?;
    random(linker)
}

/// A new handle for the guest; what it stands for is in its number.
fn handle<T: 'static>(store: &mut Store<'_>, rep: u32) -> wasmtime::Result<Resource<T>> {
    store.data_mut().add_handle()?;
    Ok(Resource::new_own(rep))
}

fn dropped(mut store: Store<'_>, _rep: u32) -> wasmtime::Result<()> {
    store.data_mut().drop_handle();
    Ok(())
}

fn trap<T>(text: &str) -> wasmtime::Result<T> {
    Err(HostTrap(text.to_owned()).into())
}

fn environment(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut i = linker.instance("wasi:cli/environment@0.2.6")?;
    i.func_wrap("get-environment", |_: Store<'_>, ()| {
        Ok((Vec::<(String, String)>::new(),))
    })?;
    i.func_wrap("get-arguments", |_: Store<'_>, ()| {
        Ok((Vec::<String>::new(),))
    })?;
    i.func_wrap("initial-cwd", |_: Store<'_>, ()| Ok((None::<String>,)))?;
    let mut i = linker.instance("wasi:cli/exit@0.2.6")?;
    i.func_wrap(
        "exit",
        |_: Store<'_>, (status,): (Result<(), ()>,)| -> wasmtime::Result<()> {
            trap(if status.is_ok() {
                "the module ended itself"
            } else {
                "the module ended itself with an error"
            })
        },
    )?;
    i.func_wrap(
        "exit-with-code",
        |_: Store<'_>, (code,): (u8,)| -> wasmtime::Result<()> {
            trap(&format!("the module ended itself with exit code {code}"))
        },
    )
}

fn terminals(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let input = ResourceType::host::<TerminalInput>();
    linker
        .instance("wasi:cli/terminal-input@0.2.6")?
        .resource("terminal-input", input, dropped)?;
    let output = ResourceType::host::<TerminalOutput>();
    linker
        .instance("wasi:cli/terminal-output@0.2.6")?
        .resource("terminal-output", output, dropped)?;
    let none_in = |_: Store<'_>, ()| Ok((None::<Resource<TerminalInput>>,));
    let none_out = |_: Store<'_>, ()| Ok((None::<Resource<TerminalOutput>>,));
    linker
        .instance("wasi:cli/terminal-stdin@0.2.6")?
        .func_wrap("get-terminal-stdin", none_in)?;
    linker
        .instance("wasi:cli/terminal-stdout@0.2.6")?
        .func_wrap("get-terminal-stdout", none_out)?;
    linker
        .instance("wasi:cli/terminal-stderr@0.2.6")?
        .func_wrap("get-terminal-stderr", none_out)
}

fn pollable(store: &mut Store<'_>) -> wasmtime::Result<(Resource<Pollable>,)> {
    Ok((handle(store, 0)?,))
}

/// Everything is ready at once, so that sleeping returns at once as well.
fn poll(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut i = linker.instance("wasi:io/error@0.2.6")?;
    i.resource("error", ResourceType::host::<IoError>(), dropped)?;
    i.func_wrap(
        "[method]error.to-debug-string",
        |_: Store<'_>, _: (Resource<IoError>,)| {
            Ok(("the stream does not support this".to_owned(),))
        },
    )?;
    let mut i = linker.instance("wasi:io/poll@0.2.6")?;
    i.resource("pollable", ResourceType::host::<Pollable>(), dropped)?;
    i.func_wrap(
        "[method]pollable.ready",
        |_: Store<'_>, _: (Resource<Pollable>,)| Ok((true,)),
    )?;
    i.func_wrap(
        "[method]pollable.block",
        |_: Store<'_>, _: (Resource<Pollable>,)| Ok(()),
    )?;
    i.func_wrap(
        "poll",
        |_: Store<'_>, (pollables,): (WasmList<Resource<Pollable>>,)| {
            if pollables.len() == 0 {
                return trap("wasi:io/poll.poll: the list is empty");
            }
            // A handle may be in the list more than once, but nobody waits for the same thing so often.
            if pollables.len() > MAX_HANDLES as usize {
                return trap("wasi:io/poll.poll: the list is longer than there can be handles");
            }
            Ok(((0..pollables.len() as u32).collect::<Vec<u32>>(),))
        },
    )
}

/// Standard input is at its end.
fn input(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker
        .instance("wasi:cli/stdin@0.2.6")?
        .func_wrap("get-stdin", |mut store: Store<'_>, ()| {
            Ok((handle::<InputStream>(&mut store, 0)?,))
        })?;
    let mut i = linker.instance("wasi:io/streams@0.2.6")?;
    i.resource("input-stream", ResourceType::host::<InputStream>(), dropped)?;
    for name in [
        "[method]input-stream.read",
        "[method]input-stream.blocking-read",
    ] {
        i.func_wrap(
            name,
            |_: Store<'_>, _: (Resource<InputStream>, u64)| -> Streamed<Vec<u8>> {
                Ok((Err(StreamError::Closed),))
            },
        )?;
    }
    for name in [
        "[method]input-stream.skip",
        "[method]input-stream.blocking-skip",
    ] {
        i.func_wrap(
            name,
            |_: Store<'_>, _: (Resource<InputStream>, u64)| -> Streamed<u64> {
                Ok((Err(StreamError::Closed),))
            },
        )?;
    }
    i.func_wrap(
        "[method]input-stream.subscribe",
        |mut store: Store<'_>, _: (Resource<InputStream>,)| pollable(&mut store),
    )
}

fn written(
    mut store: Store<'_>,
    to: &Resource<OutputStream>,
    bytes: &WasmList<u8>,
) -> Streamed<()> {
    let source = if to.rep() == STDERR {
        LogSource::Stderr
    } else {
        LogSource::Stdout
    };
    let bytes = bytes.as_le_slice(&store);
    if bytes.len() as u64 > STREAM_ROOM {
        return trap("wasi:io/streams: more bytes are written than the stream has room for");
    }
    let bytes = bytes.to_vec();
    store.data_mut().said.write_stream(source, &bytes);
    Ok((Ok(()),))
}

/// Standard output and error become log lines.
fn output(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker
        .instance("wasi:cli/stdout@0.2.6")?
        .func_wrap("get-stdout", |mut store: Store<'_>, ()| {
            Ok((handle::<OutputStream>(&mut store, STDOUT)?,))
        })?;
    linker
        .instance("wasi:cli/stderr@0.2.6")?
        .func_wrap("get-stderr", |mut store: Store<'_>, ()| {
            Ok((handle::<OutputStream>(&mut store, STDERR)?,))
        })?;
    let mut i = linker.instance("wasi:io/streams@0.2.6")?;
    i.resource(
        "output-stream",
        ResourceType::host::<OutputStream>(),
        dropped,
    )?;
    i.func_wrap(
        "[method]output-stream.check-write",
        |_: Store<'_>, _: (Resource<OutputStream>,)| -> Streamed<u64> { Ok((Ok(STREAM_ROOM),)) },
    )?;
    for name in [
        "[method]output-stream.write",
        "[method]output-stream.blocking-write-and-flush",
    ] {
        i.func_wrap(
            name,
            |store: Store<'_>, (to, bytes): (Resource<OutputStream>, WasmList<u8>)| {
                written(store, &to, &bytes)
            },
        )?;
    }
    for name in [
        "[method]output-stream.flush",
        "[method]output-stream.blocking-flush",
    ] {
        i.func_wrap(
            name,
            |_: Store<'_>, _: (Resource<OutputStream>,)| -> Streamed<()> { Ok((Ok(()),)) },
        )?;
    }
    for name in [
        "[method]output-stream.write-zeroes",
        "[method]output-stream.blocking-write-zeroes-and-flush",
    ] {
        i.func_wrap(
            name,
            |_: Store<'_>, _: (Resource<OutputStream>, u64)| -> Streamed<()> { Ok((Ok(()),)) },
        )?;
    }
    for name in [
        "[method]output-stream.splice",
        "[method]output-stream.blocking-splice",
    ] {
        type Splice = (Resource<OutputStream>, Resource<InputStream>, u64);
        i.func_wrap(name, |_: Store<'_>, _: Splice| -> Streamed<u64> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    i.func_wrap(
        "[method]output-stream.subscribe",
        |mut store: Store<'_>, _: (Resource<OutputStream>,)| pollable(&mut store),
    )
}

fn clocks(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut i = linker.instance("wasi:clocks/monotonic-clock@0.2.6")?;
    i.func_wrap("now", |store: Store<'_>, ()| {
        Ok((store.data().clock().monotonic(),))
    })?;
    i.func_wrap("resolution", |_: Store<'_>, ()| Ok((Clock::RESOLUTION,)))?;
    for name in ["subscribe-instant", "subscribe-duration"] {
        i.func_wrap(name, |mut store: Store<'_>, _: (u64,)| pollable(&mut store))?;
    }
    let datetime = |nanos: u64| Datetime {
        seconds: nanos / 1_000_000_000,
        nanoseconds: (nanos % 1_000_000_000) as u32,
    };
    let mut i = linker.instance("wasi:clocks/wall-clock@0.2.6")?;
    i.func_wrap("now", move |store: Store<'_>, ()| {
        Ok((datetime(store.data().clock().wall()),))
    })?;
    i.func_wrap("resolution", move |_: Store<'_>, ()| {
        Ok((datetime(Clock::RESOLUTION),))
    })
}

fn random(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let bytes = |_: Store<'_>, (length,): (u64,)| {
        if length > MAX_RANDOM {
            return trap("wasi:random: more than 64 KiB of random bytes are asked for at once");
        }
        let mut bytes = vec![0u8; length as usize];
        rand::rng().fill(&mut bytes[..]);
        Ok((bytes,))
    };
    let number = |_: Store<'_>, ()| Ok((rand::rng().random::<u64>(),));
    let mut i = linker.instance("wasi:random/random@0.2.6")?;
    i.func_wrap("get-random-bytes", bytes)?;
    i.func_wrap("get-random-u64", number)?;
    let mut i = linker.instance("wasi:random/insecure@0.2.6")?;
    i.func_wrap("get-insecure-random-bytes", bytes)?;
    i.func_wrap("get-insecure-random-u64", number)?;
    linker
        .instance("wasi:random/insecure-seed@0.2.6")?
        .func_wrap("insecure-seed", |_: Store<'_>, ()| {
            Ok(((rand::rng().random::<u64>(), rand::rng().random::<u64>()),))
        })
}
