//! The contract's own imports: log, metrics and, once the host has them, tables.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::observer::{Level, LogSource};
use crate::raw::Line;
use crate::raw::shapes::{ColumnShape, LevelShape};
use crate::raw::wasi::NewColumn;
use crate::state::{HostTrap, State};

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker
        .instance("millstream:transform/log@0.1.0")?
        .func_wrap("write", write)?;
    linker
        .instance("millstream:transform/metrics@0.1.0")?
        .func_wrap(
            "add",
            |mut store: StoreContextMut<'_, State>, (counter, by): (u32, u64)| {
                store.data_mut().counters.add(counter, by)?;
                Ok(())
            },
        )?;
    // Tables belong here. A description that declares one is refused, so no index is valid yet.
    linker
        .instance("millstream:transform/tables@0.1.0")?
        .func_wrap(
            "get",
            |_: StoreContextMut<'_, State>,
             _: (u32, ColumnShape)|
             -> wasmtime::Result<(NewColumn,)> {
                Err(HostTrap(
                    "tables.get: tables are not supported by this version of Millstream".to_owned(),
                )
                .into())
            },
        )
}

fn write(
    mut store: StoreContextMut<'_, State>,
    (level, Line(message)): (LevelShape, Line),
) -> wasmtime::Result<()> {
    // Only what is kept of a line is copied.
    let kept = {
        let message = message.to_str(&store)?;
        let end = message.floor_char_boundary(store.data().said.line_bytes());
        message[..end].to_owned()
    };
    let state = store.data_mut();
    if let Some(probe) = &state.probe {
        probe(&kept);
    }
    let level = match level {
        LevelShape::Debug => Level::Debug,
        LevelShape::Info => Level::Info,
        LevelShape::Warn => Level::Warn,
        LevelShape::Error => Level::Error,
    };
    state.said.write(level, LogSource::Guest, &kept);
    Ok(())
}
