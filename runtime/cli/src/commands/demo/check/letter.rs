//! The account that a dead letter gives of itself, in headers.

use super::Author;

/// Headers of the host begin with this.
pub(super) const PREFIX: &str = "millstream.";

/// Which record a dead letter says it is.
pub(super) struct Origin {
    pub(super) place: String,
    pub(super) topic: &'static str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// Of key, value, timestamp and the record's own headers.
    pub(super) print: u64,
}

/// What differs from letter to letter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account<'a> {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) code: &'a str,
    pub(super) reason: &'a str,
}

/// Reads the account, and checks what is the same in all letters of a transform.
pub(super) fn read<'a>(
    headers: &[(&'a str, &'a [u8])],
    author: &Author,
) -> Result<Account<'a>, String> {
    let header = |name: &str| {
        let mut values = headers
            .iter()
            .filter(|(found, _)| found.strip_prefix(PREFIX) == Some(name));
        let (_, value) = values
            .next()
            .ok_or_else(|| format!("has no header {PREFIX}{name}"))?;
        if values.next().is_some() {
            return Err(format!("has the header {PREFIX}{name} twice"));
        }
        std::str::from_utf8(value).map_err(|_| format!("its header {PREFIX}{name} is no text"))
    };
    let number = |name| {
        header(name)?
            .parse::<i64>()
            .map_err(|_| format!("its header {PREFIX}{name} is no number"))
    };
    for (name, expected) in [
        ("topic", author.source),
        ("transform", author.name),
        ("revision", &author.revision.to_string()),
        ("module", &author.digest),
    ] {
        let found = header(name)?;
        if found != expected {
            return Err(format!(
                "its header {PREFIX}{name} is {found}, not {expected}"
            ));
        }
    }
    number("step")?;
    number("attempts")?;
    let partition = i32::try_from(number("partition")?)
        .map_err(|_| format!("its header {PREFIX}partition is no partition"))?;
    Ok(Account {
        partition,
        offset: number("offset")?,
        code: header("code")?,
        reason: header("reason")?,
    })
}
