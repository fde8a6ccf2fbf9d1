//! Where a host is.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::api::DEFAULT_PORT;

/// The address of a host's API: `host`, `host:port` or `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(Url);

impl Address {
    /// The URL of a path, each segment encoded.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        const SHAPE: &str = "give it as host:port or http://host:port";
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("it is empty: {SHAPE}"));
        }
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some((scheme, _)) => {
                return Err(format!("a host speaks http, not {scheme}: {SHAPE}"));
            }
            None => text,
        };
        let mut url =
            Url::parse(&format!("http://{rest}")).map_err(|error| format!("{error}: {SHAPE}"))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("it has a path: {SHAPE}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("it has a user name: {SHAPE}"));
        }
        // `:80` is http's own port, which a parsed URL no longer shows.
        if url.port().is_none() && !rest.trim_end_matches('/').ends_with(":80") {
            url.set_port(Some(DEFAULT_PORT))
                .map_err(|()| format!("it has no host: {SHAPE}"))?;
        }
        Ok(Address(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<Address>()
            .map_or_else(|error| error, |address| address.to_string())
    }

    #[test]
    fn a_port_and_a_scheme_are_filled_in() {
        assert_eq!(shown("localhost"), "http://localhost:7411");
        assert_eq!(shown("localhost:9000"), "http://localhost:9000");
        assert_eq!(shown("http://10.0.0.1:9000/"), "http://10.0.0.1:9000");
        assert_eq!(shown("[::1]:9000"), "http://[::1]:9000");
        assert_eq!(shown("http://proxy:80"), "http://proxy");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_shape_of_one() {
        for wrong in [
            "",
            "https://localhost:7411",
            "localhost:99999",
            "localhost:7411/v1",
            "me@localhost",
            "ftp://x",
            ":7411",
            "a b",
        ] {
            let error = wrong.parse::<Address>().expect_err(wrong);
            assert!(error.contains("host:port"), "{wrong}: {error}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        let address: Address = "localhost".parse().expect("an address");
        assert_eq!(
            address.join(&["v1", "transforms", "a/../b?c"]).as_str(),
            "http://localhost:7411/v1/transforms/a%2F..%2Fb%3Fc"
        );
    }
}
