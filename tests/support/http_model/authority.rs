//! `host:port`, and text that may be percent-encoded.

pub(super) fn is_authority(authority: &[u8], needs_port: bool) -> bool {
    let Ok(authority) = str::from_utf8(authority) else {
        return false;
    };
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let Some((literal, port)) = rest.split_once(']') else {
            return false;
        };
        let future = literal
            .strip_prefix(['v', 'V'])
            .and_then(|rest| rest.split_once('.'));
        let is_future = future.is_some_and(|(version, address)| {
            let may = |one: char| one.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:".contains(one);
            version.chars().all(|one| one.is_ascii_hexdigit())
                && address.chars().all(may)
                && !version.is_empty()
                && !address.is_empty()
        });
        if !is_future && literal.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        (literal, port)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        if !is_encoded(&authority[..end], "-._~!$&'()*+,;=") {
            return false;
        }
        authority.split_at(end)
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let has_colon = digits.len() < port.len();
    let number = digits.trim_start_matches('0');
    let is_port = digits.chars().all(|digit| digit.is_ascii_digit())
        && number.len() < 6
        && number.parse::<u32>().unwrap_or(0) < 65536;
    let is_there = has_colon && !digits.is_empty();
    !host.is_empty() && is_port && (has_colon || port.is_empty()) && (is_there || !needs_port)
}

pub(super) fn is_encoded(text: &str, others: &str) -> bool {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '%' {
            let Some(digits) = rest.get(1..3) else {
                return false;
            };
            if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
                return false;
            }
            rest = &rest[3..];
        } else if first.is_ascii_alphanumeric() || others.contains(first) {
            rest = &rest[1..];
        } else {
            return false;
        }
    }
    true
}
