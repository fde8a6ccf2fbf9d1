//! `#[transform]`: exports a function as the component's guest interface. What the function may look like is checked by
//! the SDK's `Transform` trait; only what would make for a poor error there is checked here.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result};

pub(crate) fn expand(arguments: TokenStream, function: TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new(
            arguments.span(),
            "#[transform] takes no arguments: the function's signature says what it reads and where it writes",
        ));
    }
    let function: ItemFn = syn::parse2(function)
        .map_err(|error| Error::new(error.span(), "#[transform] stands on a function"))?;
    check(&function)?;
    let name = &function.sig.ident;
    // The error of an unfitting signature points at the function's name.
    let checked = quote_spanned! {name.span()=> ::millstream_sdk::__private::check(#name); };
    Ok(quote! {
        #function

        #[allow(unsafe_code)]
        const _: () = {
            #[cfg(not(target_family = "wasm"))]
            const _: fn() = || { #checked };

            #[cfg(target_family = "wasm")]
            const _: () = {
                use ::millstream_sdk::bindings::exports::millstream::transform::guest;

                struct Component;

                impl guest::Guest for Component {
                    fn configure(
                        settings: ::std::vec::Vec<(::std::string::String, ::std::string::String)>,
                    ) -> ::core::result::Result<guest::Description, ::std::string::String> {
                        ::millstream_sdk::__private::configure(#name, settings)
                    }

                    fn apply(batch: guest::Batch) -> ::core::result::Result<guest::Output, guest::Failure> {
                        ::millstream_sdk::__private::apply(&batch)
                    }
                }

                ::millstream_sdk::bindings::export_transform!(Component with_types_in ::millstream_sdk::bindings);
            };
        };
    })
}

fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        return Err(Error::new(
            asyncness.span(),
            "a transform is not async: nothing that it can call waits",
        ));
    }
    if let Some(parameter) = signature.generics.type_params().next() {
        return Err(Error::new(
            parameter.span(),
            "a transform is not generic: its types are what it declares to the host",
        ));
    }
    if !(2..=4).contains(&signature.inputs.len()) {
        return Err(Error::new(
            signature.paren_token.span.join(),
            "a transform takes a record, declared fields or both, an emitter, and perhaps settings or state: \
             (record: Record<'_>, out: &mut Emitter<Out>, settings: &Settings)",
        ));
    }
    Ok(())
}
