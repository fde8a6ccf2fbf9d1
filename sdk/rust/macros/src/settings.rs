//! `#[derive(Settings)]`: one setting a field.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Ident, Lit, LitStr, Result, Token,
};

use crate::names::words;

/// `#[setting("name", default = value)]`, each part optional.
#[derive(Default)]
struct Attribute {
    name: Option<LitStr>,
    /// `Some(None)`: the type's own default.
    default: Option<Option<Expr>>,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attribute = Attribute::default();
        while !input.is_empty() {
            if input.peek(LitStr) {
                attribute.name = Some(input.parse()?);
            } else {
                let word: Ident = input.parse()?;
                if word != "default" {
                    return Err(Error::new(
                        word.span(),
                        "expected a name in quotes, `default` or `default = value`",
                    ));
                }
                attribute.default = Some(if input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                    Some(input.parse()?)
                } else {
                    None
                });
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(attribute)
    }
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "settings are a struct with named fields",
        ));
    };
    let fields: Vec<&Field> = match &data.fields {
        Fields::Named(fields) => fields.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "settings are a struct with named fields",
            ));
        }
    };
    let name = &input.ident;
    let (implementation, types, bounds) = input.generics.split_for_impl();
    let identifiers: Vec<&Ident> = fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .collect();
    let reads = fields
        .iter()
        .map(|field| read(field))
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        impl #implementation ::millstream_sdk::Settings for #name #types #bounds {
            fn read(reader: &mut ::millstream_sdk::SettingsReader) -> ::core::option::Option<Self> {
                // All are read before the first that is wrong ends it, so that an error names every one.
                #(let #identifiers = #reads;)*
                ::core::option::Option::Some(Self { #(#identifiers: #identifiers?),* })
            }
        }
    })
}

fn read(field: &Field) -> Result<TokenStream> {
    let attribute = field
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("setting"))
        .map(syn::Attribute::parse_args::<Attribute>)
        .transpose()?
        .unwrap_or_default();
    let name = match (&attribute.name, &field.ident) {
        (Some(name), _) => name.value(),
        (None, Some(identifier)) => words(&identifier.to_string(), '-'),
        (None, None) => return Err(Error::new_spanned(field, "settings have named fields")),
    };
    let ty = &field.ty;
    let default = match &attribute.default {
        None => quote!(::core::option::Option::None),
        Some(None) => {
            quote_spanned!(ty.span()=> ::core::option::Option::Some(<#ty as ::core::default::Default>::default))
        }
        Some(Some(
            value @ Expr::Lit(ExprLit {
                lit: Lit::Str(_), ..
            }),
        )) => {
            quote_spanned!(value.span()=> ::core::option::Option::Some(|| -> #ty { ::core::convert::Into::into(#value) }))
        }
        Some(Some(value)) => {
            quote_spanned!(value.span()=> ::core::option::Option::Some(|| -> #ty { #value }))
        }
    };
    Ok(quote_spanned!(ty.span()=> reader.field::<#ty>(#name, #default)))
}
