//! Names of interfaces, and which of them the host has.

/// An interface that the host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The contract's own.
    Contract,
    /// WASI that works, within limits.
    Wasi,
    /// WASI that refuses everything.
    Denied,
}

/// The interfaces of the contract. `records` and `guest` have types only.
const CONTRACT: [&str; 5] = ["log", "metrics", "tables", "records", "guest"];

const WASI: [&str; 18] = [
    "cli/environment",
    "cli/exit",
    "cli/stdin",
    "cli/stdout",
    "cli/stderr",
    "cli/terminal-input",
    "cli/terminal-output",
    "cli/terminal-stdin",
    "cli/terminal-stdout",
    "cli/terminal-stderr",
    "clocks/monotonic-clock",
    "clocks/wall-clock",
    "io/error",
    "io/poll",
    "io/streams",
    "random/insecure",
    "random/insecure-seed",
    "random/random",
];

/// `package/interface` without and with its version: `wasi:io/poll@0.2.6` is `("wasi:io/poll", Some("0.2.6"))`.
pub(crate) fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((interface, version)) => (interface, Some(version)),
        None => (name, None),
    }
}

/// What the host has under this name, or why it has nothing.
pub(crate) fn known(name: &str) -> Result<Known, String> {
    let (interface, version) = split(name);
    let of = |version: Option<&str>, track: &str| {
        version
            .and_then(|v| v.strip_prefix(track))
            .is_some_and(|patch| patch.parse::<u32>().is_ok())
    };
    if let Some(interface) = interface.strip_prefix("millstream:transform/") {
        if !CONTRACT.contains(&interface) {
            return Err("this version of Millstream has no such interface".to_owned());
        }
        if !of(version, "0.1.") {
            return Err("this version of Millstream has millstream:transform 0.1".to_owned());
        }
        return Ok(Known::Contract);
    }
    let Some(interface) = interface.strip_prefix("wasi:") else {
        return Err(
            "a guest may import the interfaces of millstream:transform and WASI 0.2's command line, clocks, \
                    streams and random numbers, nothing else"
                .to_owned(),
        );
    };
    let denied = interface.starts_with("filesystem/") || interface.starts_with("sockets/");
    if !denied && !WASI.contains(&interface) {
        return Err(
            "Millstream does not give guests this part of WASI; wit/WASI.md lists what it does"
                .to_owned(),
        );
    }
    if !of(version, "0.2.") {
        return Err("Millstream has WASI 0.2, no other version".to_owned());
    }
    Ok(if denied { Known::Denied } else { Known::Wasi })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_patch_of_a_version_is_the_same_interface() {
        for name in [
            "wasi:io/poll@0.2.0",
            "wasi:io/poll@0.2.6",
            "wasi:cli/environment@0.2.12",
        ] {
            assert_eq!(known(name), Ok(Known::Wasi), "{name}");
        }
        assert_eq!(known("wasi:sockets/tcp@0.2.3"), Ok(Known::Denied));
        assert_eq!(known("millstream:transform/log@0.1.7"), Ok(Known::Contract));
    }

    #[test]
    fn other_versions_and_interfaces_are_refused() {
        for name in [
            "wasi:io/poll",
            "wasi:io/poll@0.3.0",
            "wasi:io/poll@0.2.0-rc-2023",
            "wasi:http/types@0.2.0",
            "millstream:transform/log@0.2.0",
            "millstream:transform/state@0.1.0",
            "env",
            "wasi_snapshot_preview1",
        ] {
            assert!(known(name).is_err(), "{name}");
        }
    }
}
