//! Names that stand for this machine.

use std::net::IpAddr;

/// Whether a Host header (`name`, `name:port`, `[::1]:port`) names the loopback interface.
pub fn is_loopback_name(host: &str) -> bool {
    let Some(name) = without_port(host) else {
        return false;
    };
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    address
        .unwrap_or(name)
        .parse::<IpAddr>()
        .is_ok_and(|ip| ip.is_loopback() && ip.is_ipv6() == address.is_some())
}

fn without_port(host: &str) -> Option<&str> {
    let end = match host.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at_checked(end)?;
    let fine = match port.strip_prefix(':') {
        Some(port) => !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    fine.then_some(name)
}

/// Whether an Origin header names the very server that the request is for.
pub fn is_own_origin(origin: &str, host: &str) -> bool {
    origin
        .strip_prefix("http://")
        .is_some_and(|origin| origin.eq_ignore_ascii_case(host) && is_loopback_name(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_known_with_and_without_port() {
        for name in [
            "localhost",
            "LocalHost:7411",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:7411",
        ] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in [
            "",
            "evil.com",
            "localhost.evil.com",
            "evil.com:80",
            "127.0.0.1.evil.com",
            "10.0.0.1",
            "[::2]",
            "::1",
        ] {
            assert!(!is_loopback_name(name), "{name}");
        }
        for name in [
            "localhost:",
            "localhost:x",
            "[::1]x",
            "[127.0.0.1]",
            "localhost@evil.com",
            "é:80",
        ] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }

    #[test]
    fn only_the_servers_own_pages_have_its_origin() {
        assert!(is_own_origin("http://127.0.0.1:7411", "127.0.0.1:7411"));
        for origin in [
            "null",
            "http://evil.com",
            "http://127.0.0.1:7412",
            "https://127.0.0.1:7411",
            "http://localhost:7411",
        ] {
            assert!(!is_own_origin(origin, "127.0.0.1:7411"), "{origin}");
        }
    }
}
