//! Filesystem and sockets: there because StarlingMonkey and componentize-py name them, and refusing everything.
//!
//! A function that can say so answers `access-denied`, anything else traps. What a component imports is read off its
//! own types, so that every 0.2.x links; only the list of preopened directories works, and is empty.

use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType, Type, Val};

use super::{Known, known, split};
use crate::state::{HostTrap, State};

/// Marks every resource type that only these interfaces have. None is ever made.
struct Nothing;

pub(super) fn add(
    engine: &Engine,
    linker: &mut Linker<State>,
    component: &Component,
) -> wasmtime::Result<()> {
    let ty = component.component_type();
    for (name, import) in ty.imports(engine) {
        if known(name) != Ok(Known::Denied) {
            continue;
        }
        let ComponentItem::ComponentInstance(interface) = import.ty else {
            continue;
        };
        let mut instance = linker.instance(name)?;
        for (item, import) in interface.exports(engine) {
            match import.ty {
                ComponentItem::ComponentFunc(func) => function(&mut instance, name, item, &func)?,
                ComponentItem::Resource(_) if !is_of_streams(item) => {
                    instance.resource(item, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Resources that these interfaces only use; `wasi:io` defines them.
fn is_of_streams(resource: &str) -> bool {
    matches!(
        resource,
        "error" | "pollable" | "input-stream" | "output-stream"
    )
}

fn function(
    instance: &mut LinkerInstance<'_, State>,
    interface: &str,
    name: &str,
    func: &ComponentFunc,
) -> wasmtime::Result<()> {
    if name == "get-directories" && returns_list(func) {
        return instance.func_new(name, |_, _, _, results| {
            results[0] = Val::List(Vec::new());
            Ok(())
        });
    }
    if can_refuse(func) {
        return instance.func_new(name, |_, _, _, results| {
            results[0] = Val::Result(Err(Some(Box::new(Val::Enum(DENIED.to_owned())))));
            Ok(())
        });
    }
    let text = format!(
        "{}.{name}: guests have neither files nor sockets",
        split(interface).0
    );
    instance.func_new(name, move |_, _, _, _| Err(HostTrap(text.clone()).into()))
}

const DENIED: &str = "access-denied";

/// A component may import a function of any type under this name.
fn returns_list(func: &ComponentFunc) -> bool {
    let mut results = func.results();
    matches!(
        (results.next(), results.next()),
        (Some(Type::List(_)), None)
    )
}

/// Whether the function returns `result<_, error-code>` with an error code for this.
fn can_refuse(func: &ComponentFunc) -> bool {
    let mut results = func.results();
    match (results.next(), results.next()) {
        (Some(Type::Result(result)), None) => match result.err() {
            Some(Type::Enum(codes)) => codes.names().any(|code| code == DENIED),
            _ => false,
        },
        _ => false,
    }
}
