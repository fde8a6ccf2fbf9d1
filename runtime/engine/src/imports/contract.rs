//! The contract's own imports: log, metrics and tables.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::observer::{Level, LogSource};
use crate::plan::Keys;
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
    linker
        .instance("millstream:transform/tables@0.1.0")?
        .func_wrap("get", get)
}

fn get(
    mut store: StoreContextMut<'_, State>,
    (table, keys): (u32, ColumnShape),
) -> wasmtime::Result<(NewColumn,)> {
    let wrong = |why: String| HostTrap(format!("tables.get: {why}"));
    let Some(view) = &mut store.data_mut().view else {
        return Err(wrong(
            "there are no tables: they are declared, and looked into within `apply`".to_owned(),
        )
        .into());
    };
    let tables = view.tables();
    if table as usize >= tables {
        return Err(wrong(format!("there is no table {table}, {tables} are declared")).into());
    }
    let keys = Keys::new(keys.into()).map_err(|malformed| wrong(malformed.to_string()))?;
    view.asked_for(keys.len())?;
    let entries: Vec<Option<&[u8]>> = keys.iter().collect();
    Ok((view.get(table as usize, &entries)?.into(),))
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
