//! `#[lookup("table", by = field, "/path", lenient)]`: fields that the host looks up in a table.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Field, Ident, Lifetime, LitStr, Result, Token};

const HOW: &str = "say what is looked up: #[lookup(\"table\")] by the record's key, #[lookup(\"table\", by = field)] by another \
                   field, with a \"/path\" after it for a part of the value found";

struct Lookup {
    table: LitStr,
    by: Option<Ident>,
    path: Option<LitStr>,
    lenient: bool,
}

impl Parse for Lookup {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(LitStr) {
            return Err(Error::new(input.span(), HOW));
        }
        let mut lookup = Lookup {
            table: input.parse()?,
            by: None,
            path: None,
            lenient: false,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            if input.peek(LitStr) {
                let path: LitStr = input.parse()?;
                super::check(&path)?;
                lookup.path = Some(path);
                continue;
            }
            let word: Ident = input.parse()?;
            match word.to_string().as_str() {
                "lenient" => lookup.lenient = true,
                "by" => {
                    input.parse::<Token![=]>()?;
                    lookup.by = Some(input.parse()?);
                }
                _ => return Err(Error::new(word.span(), HOW)),
            }
        }
        Ok(lookup)
    }
}

/// The attribute of a field that is looked up.
pub(super) fn attribute(field: &Field) -> Option<&Attribute> {
    let mut attributes = field.attrs.iter();
    attributes.find(|attribute| attribute.path().is_ident("lookup"))
}

/// The names of the record's own fields, in order.
pub(super) fn own(fields: &Punctuated<Field, Token![,]>) -> Vec<Ident> {
    let own = fields.iter().filter(|field| attribute(field).is_none());
    own.filter_map(|field| field.ident.clone()).collect()
}

/// The fields that lookups have their keys from. What is wrong with an attribute `declared` says.
pub(super) fn keys(fields: &Punctuated<Field, Token![,]>) -> Vec<Ident> {
    let lookups = fields.iter().filter_map(attribute);
    lookups
        .filter_map(|attribute| attribute.parse_args::<Lookup>().ok()?.by)
        .collect()
}

pub(super) fn declared(
    field: &Field,
    attribute: &Attribute,
    lifetime: &Lifetime,
    own: &[Ident],
) -> Result<TokenStream> {
    let Lookup {
        table,
        by,
        path,
        lenient,
    } = attribute.parse_args()?;
    let by = match by {
        None => quote!(::core::option::Option::None),
        Some(by) => {
            let Some(index) = own.iter().position(|own| *own == by) else {
                return Err(Error::new(
                    by.span(),
                    format!("`{by}` is no field of this struct that comes from the record"),
                ));
            };
            let index = index as u32;
            quote!(::core::option::Option::Some(#index))
        }
    };
    let whole = path.is_none();
    let path = path.map_or_else(String::new, |path| path.value());
    let ty = &field.ty;
    let of = quote_spanned! {ty.span()=>
        <#ty as ::millstream_sdk::__private::FieldType<#lifetime>>
    };
    Ok(quote_spanned! {ty.span()=>
        {
            assert!(#of::OPTIONAL, "what is looked up is an `Option`: a table may have nothing there");
            assert!(!#whole || #of::IS_RAW, "without a path all of the value is looked up, as bytes: `Option<&[u8]>`");
            ::millstream_sdk::__private::Declared {
                part: ::millstream_sdk::__private::DeclaredPart::Value,
                path: #path,
                kind: #of::KIND,
                optional: true,
                lenient: #lenient,
                lookup: ::core::option::Option::Some(::millstream_sdk::__private::DeclaredLookup {
                    table: #table,
                    by: #by,
                    whole: #whole,
                }),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: TokenStream) -> String {
        super::super::expand(input)
            .expect_err("it is refused")
            .to_string()
    }

    #[test]
    fn a_lookup_must_name_its_table_first() {
        for attribute in [quote!(by = user), quote!("users", key), quote!()] {
            let input = quote!(
                struct S {
                    #[lookup(#attribute)]
                    a: Option<i64>,
                }
            );
            assert_eq!(error(input), HOW);
        }
    }

    #[test]
    fn the_key_is_a_field_of_the_record() {
        let input = quote!(
            struct S {
                #[lookup("users", by = nobody, "/a")]
                a: Option<i64>,
            }
        );
        assert!(error(input).starts_with("`nobody` is no field"));
    }
}
