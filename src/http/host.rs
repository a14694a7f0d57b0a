//! `uri-host [ ":" port ]`: the Host field, and the authority of a request-target.
//!
//! `fields` and `target` ask whether the bytes are valid; its parts are not needed.
//!
//! Invariant: what passes here is unambiguous, for us and for any proxy in front of us.

use super::grammar::{self, NAME};
use std::net::Ipv6Addr;

/// Whether these bytes are a host that is not empty, with or without a port.
///
/// The grammar of reg-name lets a host be empty, but "http" does not (RFC 9110 section 4.2.1), and
/// RFC 9112 section 3.3 lets a server refuse a request whose authority comes out empty.
pub(super) fn is_valid(authority: &[u8]) -> bool {
    // Most hosts are a name or an IPv4 address, which is told in one pass.
    let name = authority
        .iter()
        .take_while(|&&byte| grammar::is(byte, NAME));
    match authority.split_at(name.count()) {
        ([_, ..], [] | [b':']) => true,
        ([_, ..], [b':', port @ ..]) => is_port(port),
        _ => is_valid_otherwise(authority),
    }
}

/// The same for any host.
#[cold]
fn is_valid_otherwise(authority: &[u8]) -> bool {
    match split_port(authority) {
        (host, None | Some([])) => is_host(host),
        (host, Some(port)) => is_host(host) && is_port(port),
    }
}

/// The same with a mandatory port: the authority-form of CONNECT, RFC 9112 section 3.2.3.
pub(super) fn is_valid_with_port(authority: &[u8]) -> bool {
    let (host, port) = split_port(authority);
    is_host(host) && port.is_some_and(is_port)
}

/// Only an IP literal has colons of its own, inside its brackets.
fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let literal = match authority {
        [b'[', ..] => authority.iter().position(|&byte| byte == b']').unwrap_or(0),
        _ => 0,
    };
    match authority[literal..].iter().position(|&byte| byte == b':') {
        Some(colon) => {
            let (host, port) = authority.split_at(literal + colon);
            (host, Some(&port[1..]))
        }
        None => (authority, None),
    }
}

/// An IPv4 address needs no rule of its own: its characters are those of a name.
fn is_host(host: &[u8]) -> bool {
    match host {
        [] => false,
        [b'[', literal @ .., b']'] => is_ip_literal(literal),
        _ => grammar::all_in(host, NAME),
    }
}

/// RFC 3986 section 3.2.3 sets no limit, but no connection has a port beyond 65535.
fn is_port(port: &[u8]) -> bool {
    let number = port.iter().try_fold(0_u16, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u16::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    !port.is_empty() && number.is_some()
}

/// An IPv6 address, or one of a future version, RFC 3986 section 3.2.2.
fn is_ip_literal(literal: &[u8]) -> bool {
    match literal {
        [b'v' | b'V', future @ ..] => {
            let mut parts = future.splitn(2, |&byte| byte == b'.');
            let version = parts.next().unwrap_or_default();
            let address = parts.next().unwrap_or_default();
            !version.is_empty()
                && version.iter().all(u8::is_ascii_hexdigit)
                && !address.is_empty()
                && address
                    .iter()
                    .all(|&byte| byte == b':' || grammar::is(byte, NAME))
        }
        _ => str::from_utf8(literal).is_ok_and(|literal| literal.parse::<Ipv6Addr>().is_ok()),
    }
}
