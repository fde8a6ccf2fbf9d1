//! Looks at an upload before anything is compiled: is it a component of the right world, of a size that can be dealt
//! with, importing only what the host has.
//!
//! Bytes are parsed, not validated: the compiler does that, in a process of its own.

use wasmparser::{Encoding, Parser, Payload};

use crate::LoadError;
use crate::imports::{known, split};

/// Functions of one component: StarlingMonkey and Python have some 30,000.
const MAX_FUNCTIONS: u64 = 400_000;
/// Modules and components in one component: a Python one has some 40.
const MAX_NESTED: u64 = 2_000;
/// Exports of one component: one is needed.
const MAX_EXPORTS: u64 = 1_000;
/// How many of them, and how much of a name, an error shows.
const SHOWN_EXPORTS: usize = 5;
const SHOWN_NAME: usize = 200;

const GUEST: &str = "millstream:transform/guest";

/// What was found out without compiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The name under which the component exports the contract's `guest`, with its version.
    pub(crate) guest: String,
}

pub(crate) fn check(wasm: &[u8], max_bytes: u64) -> Result<Checked, LoadError> {
    if wasm.len() as u64 > max_bytes {
        return Err(LoadError::TooLarge {
            size: wasm.len() as u64,
            limit: max_bytes,
        });
    }
    if !wasm.starts_with(b"\0asm") {
        return Err(LoadError::Invalid(not_wasm(wasm)));
    }
    let invalid = |e: wasmparser::BinaryReaderError| {
        let at = e.offset();
        LoadError::Invalid(format!("{} (at offset 0x{at:x})", shown(e.message())))
    };
    let (mut depth, mut functions, mut nested) = (0u32, 0u64, 0u64);
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(invalid)? {
            Payload::Version { encoding, .. } => {
                if depth == 0 && encoding == Encoding::Module {
                    return Err(LoadError::CoreModule);
                }
                depth += 1;
                nested += 1;
                if nested > MAX_NESTED {
                    return Err(LoadError::TooMany {
                        what: "nested modules and components",
                        count: nested,
                        limit: MAX_NESTED,
                    });
                }
            }
            Payload::End(_) => depth -= 1,
            Payload::FunctionSection(section) => {
                functions += u64::from(section.count());
                if functions > MAX_FUNCTIONS {
                    return Err(LoadError::TooMany {
                        what: "functions",
                        count: functions,
                        limit: MAX_FUNCTIONS,
                    });
                }
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let name = import.map_err(invalid)?.name.name;
                    if let Err(reason) = known(name) {
                        return Err(LoadError::Import {
                            name: shown(name),
                            reason,
                        });
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                // A component may have any number of such sections.
                let count = exports.len() as u64 + u64::from(section.count());
                if count > MAX_EXPORTS {
                    return Err(LoadError::TooMany {
                        what: "exports",
                        count,
                        limit: MAX_EXPORTS,
                    });
                }
                for export in section {
                    exports.push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(Checked {
        guest: exported_guest(&exports)?,
    })
}

fn exported_guest(exports: &[String]) -> Result<String, LoadError> {
    let guests: Vec<&String> = exports.iter().filter(|e| split(e).0 == GUEST).collect();
    let [guest] = guests[..] else {
        let found = match exports {
            [] => "it exports nothing".to_owned(),
            some => {
                let names = some.iter().take(SHOWN_EXPORTS);
                let names: Vec<_> = names.map(|e| format!("`{}`", shown(e))).collect();
                let more = if some.len() > names.len() {
                    ", …"
                } else {
                    ""
                };
                format!("it exports {}{more}", names.join(", "))
            }
        };
        return Err(LoadError::World(format!(
            "the component does not export `{GUEST}@0.1.0`: {found}; build it for the world `transform` of \
             millstream:transform"
        )));
    };
    if known(guest).is_err() {
        return Err(LoadError::World(format!(
            "the component exports `{}`, but this version of Millstream runs {GUEST} 0.1: build it with the SDK of \
             this version",
            shown(guest)
        )));
    }
    Ok(guest.clone())
}

/// A name as an error shows it.
fn shown(name: &str) -> String {
    name[..name.floor_char_boundary(SHOWN_NAME)].to_owned()
}

fn not_wasm(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".to_owned();
    }
    if bytes.starts_with(b"(component") || bytes.starts_with(b"(module") {
        return "this is WebAssembly text: turn it into a binary (`wasm-tools parse`)".to_owned();
    }
    "the file does not start as WebAssembly does (00 61 73 6d)".to_owned()
}
