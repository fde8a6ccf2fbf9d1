//! The macros of millstream-sdk, which documents and re-exports them. They only write down what a signature or an enum
//! already says; everything that runs is in the SDK.

mod fields;
mod names;
mod settings;
mod transform;

use proc_macro::TokenStream;

/// Makes a component of a function. See `millstream_sdk::Transform` for the shapes that it may have.
///
/// The function stays as it is and can be called and tested. One crate holds one transform.
#[proc_macro_attribute]
pub fn transform(arguments: TokenStream, function: TokenStream) -> TokenStream {
    transform::expand(arguments.into(), function.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Names the variants of an enum as outputs, in kebab-case; `#[output("name")]` gives another name.
#[proc_macro_derive(Outputs, attributes(output))]
pub fn outputs(input: TokenStream) -> TokenStream {
    names::outputs(input.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Declares fields that the host takes out of each record, `#[field("/path")]`, and values that it looks up for it,
/// `#[lookup("table")]`. See `millstream_sdk::fields`.
#[proc_macro_derive(Fields, attributes(field, lookup))]
pub fn fields(input: TokenStream) -> TokenStream {
    fields::expand(input.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Names the variants of an enum as tables, in kebab-case; `#[table("name")]` gives another name. See `millstream_sdk::tables`.
#[proc_macro_derive(Tables, attributes(table))]
pub fn tables(input: TokenStream) -> TokenStream {
    names::tables(input.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Names the variants of an enum as counters, in snake_case; `#[counter("name")]` gives another name.
#[proc_macro_derive(Counters, attributes(counter))]
pub fn counters(input: TokenStream) -> TokenStream {
    names::counters(input.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Reads each field of a struct from the setting of its name, in kebab-case; `#[setting("name", default = value)]` gives
/// another name and a default.
#[proc_macro_derive(Settings, attributes(setting))]
pub fn settings(input: TokenStream) -> TokenStream {
    settings::expand(input.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}
