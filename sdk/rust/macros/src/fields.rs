//! `#[derive(Fields)]`: what the host takes out of each record, one field of the struct each.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, GenericParam, Ident, Lifetime, LitStr, Result, Token};

mod lookup;

const HOW: &str = "say where the field is: #[field(\"/path\")], #[field(key)], #[field(key, \"/path\")] or \
                   #[field(header = \"name\")]";

/// `#[field(key, "/path", lenient)]`, `#[field(header = "name")]`.
struct Attribute {
    part: TokenStream,
    path: String,
    lenient: bool,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut path: Option<LitStr> = None;
        let mut part = None;
        let mut lenient = false;
        let start = input.span();
        while !input.is_empty() {
            if input.peek(LitStr) {
                path = Some(input.parse()?);
            } else {
                let word: Ident = input.parse()?;
                match word.to_string().as_str() {
                    "lenient" => lenient = true,
                    "key" => part = Some(quote!(Key)),
                    "header" => {
                        input.parse::<Token![=]>()?;
                        let name: LitStr = input.parse()?;
                        part = Some(quote!(Header(#name)));
                    }
                    _ => return Err(Error::new(word.span(), HOW)),
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let in_header = part
            .as_ref()
            .is_some_and(|part| part.to_string().starts_with("Header"));
        match &path {
            Some(path) if in_header => {
                return Err(Error::new(
                    path.span(),
                    "no path leads into a header: it is text as it stands",
                ));
            }
            Some(path) => check(path)?,
            None if part.is_none() => return Err(Error::new(start, HOW)),
            None => {}
        }
        Ok(Attribute {
            part: part.unwrap_or_else(|| quote!(Value)),
            path: path.map_or_else(String::new, |path| path.value()),
            lenient,
        })
    }
}

/// A JSON Pointer.
fn check(path: &LitStr) -> Result<()> {
    let text = path.value();
    if !text.is_empty() && !text.starts_with('/') {
        return Err(Error::new(
            path.span(),
            format!("a path is a JSON Pointer: did you mean \"/{text}\"?"),
        ));
    }
    let known = |rest: &str| rest.starts_with(['0', '1']);
    if !text.split('~').skip(1).all(known) {
        return Err(Error::new(
            path.span(),
            "in a JSON Pointer `~` is written `~0`, and `/` within a name `~1`",
        ));
    }
    Ok(())
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let named = || Error::new_spanned(&input.ident, "fields are a struct with named fields");
    let Data::Struct(data) = &input.data else {
        return Err(named());
    };
    let syn::Fields::Named(fields) = &data.fields else {
        return Err(named());
    };
    let name = &input.ident;
    let lifetime = lifetime(&input)?;
    let (on, of) = match &lifetime {
        Some(_) => (quote!(<#lifetime>), quote!(<'__of>)),
        None => (quote!(), quote!()),
    };
    let declared_for = lifetime.unwrap_or_else(|| Lifetime::new("'static", name.span()));
    let own = lookup::own(&fields.named);
    let declared = fields
        .named
        .iter()
        .map(|field| match lookup::attribute(field) {
            Some(attribute) => lookup::declared(field, attribute, &declared_for, &own),
            None => declared(field, &declared_for),
        })
        .collect::<Result<Vec<_>>>()?;
    let keys = lookup::keys(&fields.named);
    let identifiers = fields.named.iter().map(|field| &field.ident);
    let numbers = 0..declared.len();
    Ok(quote! {
        impl #on ::millstream_sdk::Fields for #name #on {
            type Of<'__of> = #name #of;

            const FIELDS: &'static [::millstream_sdk::__private::Declared] = &[#(#declared),*];

            #[inline]
            fn at<'__of>(
                columns: &[::millstream_sdk::__private::FieldColumn<'__of>],
                row: usize,
            ) -> ::core::option::Option<#name #of> {
                let fields = #name {
                    #(#identifiers: ::millstream_sdk::__private::FieldType::get(&columns[#numbers], row)?),*
                };
                // What is looked up by is in use, whether or not the transform reads it as well.
                #(let _ = &fields.#keys;)*
                ::core::option::Option::Some(fields)
            }
        }
    })
}

/// The struct's lifetime, if it has one, and nothing else.
fn lifetime(input: &DeriveInput) -> Result<Option<Lifetime>> {
    let mut lifetime = None;
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Lifetime(parameter) if lifetime.is_none() => {
                lifetime = Some(parameter.lifetime.clone());
            }
            other => {
                return Err(Error::new_spanned(
                    other,
                    "a struct of fields is generic over one lifetime at most",
                ));
            }
        }
    }
    Ok(lifetime)
}

fn declared(field: &Field, lifetime: &Lifetime) -> Result<TokenStream> {
    let attribute = field
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("field"))
        .ok_or_else(|| Error::new_spanned(field, HOW))?;
    let Attribute {
        part,
        path,
        lenient,
    } = attribute.parse_args()?;
    let ty = &field.ty;
    let optional = quote_spanned! {ty.span()=>
        <#ty as ::millstream_sdk::__private::FieldType<#lifetime>>::OPTIONAL
    };
    let check = lenient.then(|| {
        quote_spanned! {ty.span()=>
            assert!(#optional, "a lenient field is an `Option`");
        }
    });
    Ok(quote_spanned! {ty.span()=>
        {
            #check
            ::millstream_sdk::__private::Declared {
                part: ::millstream_sdk::__private::DeclaredPart::#part,
                path: #path,
                kind: <#ty as ::millstream_sdk::__private::FieldType<#lifetime>>::KIND,
                optional: #optional,
                lenient: #lenient,
                lookup: ::core::option::Option::None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: TokenStream) -> String {
        expand(input).expect_err("it is refused").to_string()
    }

    #[test]
    fn a_field_must_say_where_it_is() {
        assert_eq!(
            error(quote!(
                struct S {
                    a: i64,
                }
            )),
            HOW
        );
        assert_eq!(
            error(quote!(
                struct S {
                    #[field()]
                    a: i64,
                }
            )),
            HOW
        );
        assert_eq!(
            error(quote!(
                struct S {
                    #[field(value)]
                    a: i64,
                }
            )),
            HOW
        );
    }

    #[test]
    fn a_path_must_be_a_json_pointer() {
        assert_eq!(
            error(quote!(
                struct S {
                    #[field("a")]
                    a: i64,
                }
            )),
            "a path is a JSON Pointer: did you mean \"/a\"?"
        );
        assert!(
            error(quote!(
                struct S {
                    #[field("/~")]
                    a: i64,
                }
            ))
            .contains("`~0`")
        );
        assert!(
            error(quote!(
                struct S {
                    #[field(header = "h", "/a")]
                    a: i64,
                }
            ))
            .contains("header")
        );
    }

    #[test]
    fn other_types_than_such_structs_are_refused() {
        for input in [
            quote!(
                enum E {
                    A,
                }
            ),
            quote!(
                struct S(i64);
            ),
        ] {
            assert!(error(input).contains("named fields"));
        }
        let generic = quote!(
            struct S<T> {
                #[field("/a")]
                a: T,
            }
        );
        assert!(error(generic).contains("one lifetime"));
    }
}
