//! A core module, as Go's and C's compilers write it, into a component: the contract's types are added, and what the language's
//! library wants of WASI preview 1 is put into terms of the component model.

use anyhow::Context as _;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../../wit/transform.wit");
const ADAPTER: &str = include_str!("component/preview1.wat");
const ADAPTER_WORLD: &str = include_str!("component/preview1.wit");
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// The component of a core module that exports the contract's world.
///
/// # Errors
/// Where the module lacks an export, or imports what no component has.
pub(crate) fn encode(core: &[u8]) -> anyhow::Result<Vec<u8>> {
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
