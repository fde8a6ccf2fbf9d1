//! Guests in WebAssembly text, made into components.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A guest that passes every record, where it is not told to do something else.
#[derive(Clone, Debug)]
pub struct Text {
    /// A part of WASI that it imports, which no host has: name, and the interface's one function.
    pub import: Option<(&'static str, &'static str)>,
    /// The body of the start function.
    pub start: &'static str,
    /// The body of `cabi_realloc`: has `$size` and `$align`, returns an address.
    pub realloc: &'static str,
    /// The body of what is called after each answer was read.
    pub post_return: &'static str,
    /// Memory that it has from the start, in pages of 64 KiB.
    pub pages: u32,
    /// What `apply` returns the address of: the canonical ABI finds a `result<output, failure>` there.
    pub answer: Vec<u8>,
    /// More definitions.
    pub more: String,
}

/// Never frees within a call.
const BUMP: &str = "
    (local $at i32)
    (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at)";

impl Default for Text {
    fn default() -> Self {
        Self {
            import: None,
            start: "",
            realloc: BUMP,
            post_return: "(global.set $next (i32.const 65536))",
            pages: 32,
            answer: Vec::new(),
            more: String::new(),
        }
    }
}

impl Text {
    fn module(&self) -> String {
        let import = self.import.map_or_else(String::new, |(name, func)| {
            format!(r#"(import "wasi:{name}" "{func}" (func))"#)
        });
        let answer: String = self.answer.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "\\{byte:02x}");
            text
        });
        let Text {
            start,
            realloc,
            post_return,
            pages,
            more,
            ..
        } = self;
        format!(
            r#"(module
                {import}
                (memory (export "memory") {pages})
                (global $next (mut i32) (i32.const 65536))
                (func $start {start})
                (start $start)
                (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32) {realloc})
                ;; ok(description): reads values, one output, "out".
                (func (export "millstream:transform/guest@0.1.0#configure") (param i32 i32) (result i32)
                    (i32.store8 (i32.const 1028) (i32.const 2))
                    (i32.store (i32.const 1056) (i32.const 2048))
                    (i32.store (i32.const 1060) (i32.const 1))
                    (i32.store (i32.const 2048) (i32.const 3072))
                    (i32.store (i32.const 2052) (i32.const 3))
                    (i32.const 1024))
                (func (export "millstream:transform/guest@0.1.0#apply") (param i32) (result i32) (i32.const 4096))
                (func (export "cabi_post_millstream:transform/guest@0.1.0#apply") (param i32) {post_return})
                (data (i32.const 3072) "out")
                (data (i32.const 4096) "{answer}")
                {more})"#
        )
    }

    /// The component.
    pub fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.module()).expect("a module");
        let mut resolve = Resolve::default();
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/transform.wit");
        let contract = resolve.push_file(&wit).expect("the contract");
        let (package, world) = match self.import {
            None => (contract, "transform"),
            Some((name, func)) => {
                let (interface, version) = name.split_once('@').expect("a version");
                let (of, interface) = interface.split_once('/').expect("an interface");
                let wasi = format!(
                    "package wasi:{of}@{version};\ninterface {interface} {{ {func}: func(); }}"
                );
                resolve.push_str("wasi.wit", &wasi).expect("a package");
                let world = format!(
                    "package hostile:hostile;\nworld hostile {{ include millstream:transform/transform@0.1.0; \
                     import wasi:{name}; }}"
                );
                (
                    resolve.push_str("hostile.wit", &world).expect("a world"),
                    "hostile",
                )
            }
        };
        let world = resolve
            .select_world(&[package], Some(world))
            .expect("a world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("metadata");
        ComponentEncoder::default()
            .module(&module)
            .and_then(|mut encoder| encoder.encode())
            .expect("a component")
    }
}

/// An answer of 37 lists that share one memory: 63 MiB of rows, and 255 MiB for every other list.
pub fn ten_gigabytes() -> Vec<u8> {
    /// Where tags of options are, and where pairs of address and length.
    const OPTIONS: [usize; 15] = [
        4, 16, 28, 32, 68, 72, 108, 112, 180, 184, 252, 256, 276, 280, 300,
    ];
    const LISTS: [usize; 37] = [
        8, 20, 36, 44, 52, 60, 76, 84, 92, 100, 116, 124, 132, 140, 148, 156, 164, 172, 188, 196,
        204, 212, 220, 228, 236, 244, 260, 268, 284, 292, 304, 312, 320, 328, 336, 344, 352,
    ];
    let mut answer = vec![0; 360];
    for at in OPTIONS {
        answer[at] = 1;
    }
    for at in LISTS {
        let length: u32 = if at == LISTS[0] { 63 << 20 } else { 255 << 20 };
        answer[at + 4..at + 8].copy_from_slice(&length.to_le_bytes());
    }
    answer
}

/// So many small functions, none of which is ever called.
pub fn many_functions(count: u32) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let _ = write!(
            text,
            "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const {n})))"
        );
        text
    })
}

/// So many functions whose code is a thousand times as large as they are: two bytes call a function that takes 128 numbers and
/// returns as many, all of which pass through the stack.
pub fn bloated(functions: u32) -> String {
    const NUMBERS: usize = 128;
    const CALLS: usize = 350;
    let numbers = " i32".repeat(NUMBERS);
    let mut text = format!("(type $wide (func (param{numbers}) (result{numbers})))");
    let arguments: String = (0..NUMBERS).fold(String::new(), |mut text, n| {
        let _ = write!(text, "local.get {n} ");
        text
    });
    let calls = "call $wide ".repeat(CALLS);
    for n in 0..functions {
        let name = if n == 0 { "$wide" } else { "" };
        let _ = write!(text, "(func {name} (type $wide) {arguments} {calls})");
    }
    text
}
