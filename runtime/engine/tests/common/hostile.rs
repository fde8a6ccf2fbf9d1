//! Components made of hand-written core modules: guests that no toolchain would make.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A guest in WebAssembly text. The default answers with whatever bytes the first row's value holds, laid into its
/// memory at [`Hostile::ANSWER`] as the canonical ABI's `result<output, failure>`.
#[derive(Clone)]
pub struct Hostile {
    /// The body of `cabi_realloc`, which has `$size`, `$align` and the global `$next`.
    pub realloc: &'static str,
    /// The body of the start function.
    pub start: &'static str,
    /// The body of `apply`, which has `$batch` and returns the address of its answer.
    pub apply: &'static str,
    /// The memory's size in pages of 64 KiB.
    pub pages: u32,
    /// Imports, which come before everything else.
    pub imports: &'static str,
    /// More definitions.
    pub more: &'static str,
    /// WIT with a world `hostile` that includes the contract's, where more is imported than that has.
    pub wit: &'static str,
}

impl Default for Hostile {
    fn default() -> Hostile {
        Hostile {
            realloc: BUMP,
            start: "",
            apply: "
                (memory.copy (i32.const 4096)
                    (i32.load (i32.add (local.get $batch) (i32.const 72)))
                    (i32.load (i32.add (local.get $batch) (i32.const 76))))
                (i32.const 4096)",
            pages: 8,
            imports: "",
            more: "",
            wit: "",
        }
    }
}

/// An honest allocator that never frees within a call.
pub const BUMP: &str = "
    (local $at i32)
    (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at)";

impl Hostile {
    /// Where the default guest puts its answer.
    pub const ANSWER: u32 = 4096;

    pub fn text(&self) -> String {
        format!(
            r#"(module
                {imports}
                (memory (export "memory") {pages})
                (global $next (mut i32) (i32.const 65536))
                (func $start {start})
                (start $start)
                (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32)
                    (param $size i32) (result i32) {realloc})
                ;; ok(description): reads values, one output named "out".
                (func (export "millstream:transform/guest@0.1.0#configure") (param i32 i32) (result i32)
                    (i32.store8 (i32.const 1028) (i32.const 2))
                    (i32.store (i32.const 1056) (i32.const 2048))
                    (i32.store (i32.const 1060) (i32.const 1))
                    (i32.store (i32.const 2048) (i32.const 3072))
                    (i32.store (i32.const 2052) (i32.const 3))
                    (i32.const 1024))
                (func (export "millstream:transform/guest@0.1.0#apply") (param $batch i32) (result i32)
                    {apply})
                (func (export "cabi_post_millstream:transform/guest@0.1.0#apply") (param i32)
                    (global.set $next (i32.const 65536)))
                (data (i32.const 3072) "out")
                {more})"#,
            imports = self.imports,
            pages = self.pages,
            start = self.start,
            realloc = self.realloc,
            apply = self.apply,
            more = self.more,
        )
    }

    pub fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).unwrap();
        let mut resolve = Resolve::default();
        let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/transform.wit");
        let package = resolve.push_file(&wit).unwrap();
        let mut world = resolve.select_world(&[package], Some("transform")).unwrap();
        if !self.wit.is_empty() {
            let package = resolve.push_str("hostile.wit", self.wit).unwrap();
            world = resolve.select_world(&[package], Some("hostile")).unwrap();
        }
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .validate(true)
            .encode()
            .unwrap()
    }
}

/// Writes `result<output, failure>` as the canonical ABI lays it out; lists lie behind it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Offsets of `output`'s fields within the answer.
    pub const ROWS: usize = 4;
    pub const OUTPUTS: usize = 16;
    pub const KEYS: usize = 28;
    pub const VALUES: usize = 68;
    pub const REJECTED: usize = 300;
    pub const SIZE: usize = 360;

    /// Everything to the first output.
    pub fn new() -> Answer {
        Answer {
            bytes: vec![0; Answer::SIZE],
        }
    }

    pub fn number(&mut self, at: usize, number: u32) -> &mut Answer {
        self.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        self
    }

    /// A pair of pointer and length.
    pub fn pair(&mut self, at: usize, pointer: u32, length: u32) -> &mut Answer {
        self.number(at, pointer).number(at + 4, length)
    }

    /// A list of these bytes, behind the answer.
    pub fn list(&mut self, at: usize, bytes: &[u8]) -> &mut Answer {
        let pointer = Hostile::ANSWER + self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        self.pair(at, pointer, bytes.len() as u32)
    }

    /// Marks an option as there.
    pub fn some(&mut self, at: usize) -> &mut Answer {
        self.bytes[at] = 1;
        self
    }
}
