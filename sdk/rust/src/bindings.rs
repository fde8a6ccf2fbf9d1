//! What wit-bindgen makes of `wit/transform.wit`: the raw contract. The only module here that needs `unsafe`.
//!
//! A component can be written against this module alone: implement [`exports::millstream::transform::guest::Guest`]
//! and call `millstream_sdk::export_transform!(MyType with_types_in millstream_sdk::bindings)`.
#![allow(
    unsafe_code,
    unreachable_pub,
    missing_docs,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used
)]

wit_bindgen::generate!({
    path: "wit",
    world: "transform",
    pub_export_macro: true,
    export_macro_name: "export_transform",
    default_bindings_module: "millstream_sdk::bindings",
});
