//! A core module, as Go's, C's and Zig's compilers write it, into a component: the contract's types are added, and what the
//! language's library wants of WASI preview 1 is put into terms of the component model.

use std::path::PathBuf;

use anyhow::Context as _;
use bytesize::ByteSize;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::output::{self, Complaint};

const CONTRACT: &str = include_str!("../../../../wit/transform.wit");
const ADAPTER: &str = include_str!("componentize/preview1.wat");
const ADAPTER_WORLD: &str = include_str!("componentize/preview1.wit");
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Make a component of a core module that exports the contract's functions
///
/// For languages whose compilers write core modules. The module exports `millstream:transform/guest@0.1.0#configure`, `#apply` and
/// `cabi_realloc` as the canonical ABI has them; WASI preview 1 is adapted, whatever its version.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream componentize core.wasm -o transform.wasm")]
pub(crate) struct Args {
    /// The core module
    module: PathBuf,
    /// Where the component goes
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let name = args.module.display().to_string();
    let core = std::fs::read(&args.module)
        .map_err(|error| Complaint::new(&name, format!("cannot be read: {error}")))?;
    let component = encode(&core).map_err(|error| {
        Complaint::new(&name, format!("is no transform: {error:#}"))
            .help("wit/README.md says what a transform's core module exports and imports")
    })?;
    let out = args.out.display().to_string();
    std::fs::write(&args.out, &component)
        .map_err(|error| Complaint::new(&out, format!("cannot be written: {error}")))?;
    let style = output::style::stdout();
    let size = ByteSize(component.len() as u64).display().iec();
    output::line(format_args!("{} {out}, {size}", style.green("made")));
    Ok(())
}

/// The component of a core module that exports the contract's world.
///
/// # Errors
/// Where the module lacks an export, or imports what no component has.
pub(super) fn encode(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut module = core.to_vec();
    embed(&mut module, "transform.wit", CONTRACT, "transform")?;
    let mut adapter = wat::parse_str(ADAPTER).context("the adapter does not assemble")?;
    embed(&mut adapter, "preview1.wit", ADAPTER_WORLD, "preview1")?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .adapter(PREVIEW1, &adapter)?
        .encode()
}

fn embed(module: &mut Vec<u8>, file: &str, wit: &str, world: &str) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str(file, wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_without_the_contracts_exports_is_refused_by_their_name() {
        let empty = wat::parse_str("(module)").expect("it assembles");
        let error = format!("{:#}", encode(&empty).expect_err("it exports nothing"));
        assert!(
            error.contains("millstream:transform/guest@0.1.0"),
            "{error}"
        );
    }
}
