//! `#[derive(Outputs)]`, `#[derive(Counters)]` and `#[derive(Tables)]`: the names of an enum's variants.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result};

/// What the derives differ in.
struct Kind {
    name: &'static str,
    attribute: &'static str,
    separator: char,
    most: usize,
    longest: usize,
}

pub(crate) fn outputs(input: TokenStream) -> Result<TokenStream> {
    let kind = Kind {
        name: "output",
        attribute: "output",
        separator: '-',
        most: 1 << 16,
        longest: 64,
    };
    implement(input, &kind, &quote!(Outputs), &quote!(u16))
}

pub(crate) fn counters(input: TokenStream) -> Result<TokenStream> {
    let kind = Kind {
        name: "counter",
        attribute: "counter",
        separator: '_',
        most: 64,
        longest: 64,
    };
    implement(input, &kind, &quote!(Counters), &quote!(u32))
}

pub(crate) fn tables(input: TokenStream) -> Result<TokenStream> {
    let kind = Kind {
        name: "table",
        attribute: "table",
        separator: '-',
        most: 64,
        longest: 64,
    };
    let on = syn::parse2::<DeriveInput>(input.clone())?.ident;
    let named = implement(input, &kind, &quote!(Tables), &quote!(u32))?;
    Ok(quote! {
        #named

        impl ::millstream_sdk::__private::TableChoice for #on {
            type Or<B: ::millstream_sdk::__private::TableChoice> = Self;
        }

        impl ::millstream_sdk::Reads for #on {
            type Keys = ::millstream_sdk::__private::No;
            type Values = ::millstream_sdk::__private::No;
            type Headers = ::millstream_sdk::__private::No;
            type Timestamps = ::millstream_sdk::__private::No;
            type Offsets = ::millstream_sdk::__private::No;
            type Tables = Self;
        }
    })
}

fn implement(
    input: TokenStream,
    kind: &Kind,
    of: &TokenStream,
    number: &TokenStream,
) -> Result<TokenStream> {
    let Names {
        on,
        variants,
        names,
    } = read(input, kind)?;
    let numbers = (0..variants.len()).map(Literal::usize_unsuffixed);
    Ok(quote! {
        impl ::millstream_sdk::#of for #on {
            const NAMES: &'static [&'static str] = &[#(#names),*];

            #[inline]
            fn index(&self) -> #number {
                match self {
                    #(Self::#variants => #numbers,)*
                }
            }
        }
    })
}

struct Names {
    on: Ident,
    variants: Vec<Ident>,
    names: Vec<String>,
}

fn read(input: TokenStream, kind: &Kind) -> Result<Names> {
    let input: DeriveInput = syn::parse2(input)?;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            format!(
                "an enum names {0}s: give it a variant for each {0}",
                kind.name
            ),
        ));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            format!("{}s are not generic", kind.name),
        ));
    }
    if data.variants.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            format!("give the enum a variant for each {}", kind.name),
        ));
    }
    if data.variants.len() > kind.most {
        return Err(Error::new_spanned(
            &input.ident,
            format!("there can be at most {} {}s", kind.most, kind.name),
        ));
    }
    let mut names: Vec<String> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) || variant.discriminant.is_some() {
            return Err(Error::new_spanned(
                variant,
                format!("{}s carry no data and no number", kind.name),
            ));
        }
        let given = given(&variant.attrs, kind)?;
        let span = given.as_ref().map_or(variant.ident.span(), LitStr::span);
        let name = given.map_or_else(
            || words(&variant.ident.to_string(), kind.separator),
            |name| name.value(),
        );
        check(&name, span, kind)?;
        if names.contains(&name) {
            return Err(Error::new(
                span,
                format!("two {}s are called `{name}`", kind.name),
            ));
        }
        names.push(name);
    }
    let variants = data
        .variants
        .iter()
        .map(|variant| variant.ident.clone())
        .collect();
    Ok(Names {
        on: input.ident,
        variants,
        names,
    })
}

/// `#[output("name")]`
fn given(attributes: &[Attribute], kind: &Kind) -> Result<Option<LitStr>> {
    attributes
        .iter()
        .find(|attribute| attribute.path().is_ident(kind.attribute))
        .map(Attribute::parse_args)
        .transpose()
}

fn check(name: &str, span: Span, kind: &Kind) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == kind.separator;
    if name.is_empty() || name.len() > kind.longest || !name.chars().all(fits) {
        return Err(Error::new(
            span,
            format!(
                "`{name}` is no {}'s name: use a-z, 0-9 and `{}`, at most {} characters",
                kind.name, kind.separator, kind.longest
            ),
        ));
    }
    Ok(())
}

/// `ReportedUsers` as `reported-users`; `min_age` as `min-age`.
pub(crate) fn words(identifier: &str, separator: char) -> String {
    let mut words = String::new();
    for c in identifier.trim_start_matches("r#").chars() {
        if c == '_' {
            words.push(separator);
            continue;
        }
        if c.is_uppercase() && !words.is_empty() && !words.ends_with(separator) {
            words.push(separator);
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_split_into_words() {
        assert_eq!(words("Likes", '-'), "likes");
        assert_eq!(words("ReportedUsers", '-'), "reported-users");
        assert_eq!(words("EmptyValues", '_'), "empty_values");
        assert_eq!(words("min_age", '-'), "min-age");
        assert_eq!(words("Tier2", '-'), "tier2");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let error = |input: TokenStream| outputs(input).expect_err("it is refused").to_string();
        assert_eq!(
            error(quote!(
                enum Out {
                    Grün,
                }
            )),
            "`grün` is no output's name: use a-z, 0-9 and `-`, at most 64 characters"
        );
        assert_eq!(
            error(quote!(
                enum Out {
                    A,
                    #[output("a")]
                    B,
                }
            )),
            "two outputs are called `a`"
        );
        assert_eq!(
            error(quote!(
                enum Out {
                    A(u8),
                }
            )),
            "outputs carry no data and no number"
        );
        assert_eq!(
            error(quote!(
                enum Out {}
            )),
            "give the enum a variant for each output"
        );
        assert!(
            error(quote!(
                struct Out;
            ))
            .starts_with("an enum names outputs")
        );
    }
}
