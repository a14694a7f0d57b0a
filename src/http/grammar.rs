//! The character classes of RFC 9110, RFC 9112 and RFC 3986, one table lookup each.
//!
//! Everything that reads bytes in `http` asks here, so each class is written down once.
//!
//! Invariant: a class holds exactly the bytes its grammar rule names; percent-encoding, which spans
//! three bytes, is checked by `all_in`.

/// tchar, RFC 9110 section 5.6.2: methods, field names, codings.
pub(super) const TOKEN: u8 = 1;
/// A byte of a field value, RFC 9110 section 5.5: SP, HTAB, VCHAR and obs-text.
pub(super) const FIELD: u8 = 1 << 1;
/// unreserved and sub-delims, RFC 3986 section 2: what a registered name is made of.
pub(super) const NAME: u8 = 1 << 2;
/// pchar and `/`, RFC 3986 section 3.3: an absolute path, but for percent-encoding.
pub(super) const PATH: u8 = 1 << 3;
/// What clients send in a query. RFC 3986 section 3.4 has fewer, but the URL Standard, and so every
/// browser, leaves `[`, `|`, a lone `%` and more of them as they are.
pub(super) const QUERY: u8 = 1 << 4;
/// qdtext, RFC 9110 section 5.6.4: inside a quoted string, but for `\` pairs.
pub(super) const QUOTED: u8 = 1 << 5;

static CLASSES: [u8; 256] = classes();

/// Whether the byte belongs to any of the classes.
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Whether the bytes are one token.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is(byte, TOKEN))
}

/// Whether the bytes are this name, which is in lower case, in any case.
#[expect(
    clippy::inline_always,
    reason = "words are compared, and not bytes, where the name is known"
)]
#[inline(always)]
pub(super) fn is_named<const LENGTH: usize>(bytes: &[u8], name: &[u8; LENGTH]) -> bool {
    let Ok(bytes) = <&[u8; LENGTH]>::try_from(bytes) else {
        return false;
    };
    let mut differ = 0;
    for (byte, letter) in bytes.iter().zip(name) {
        let case = if letter.is_ascii_lowercase() { 0x20 } else { 0 };
        differ |= (byte ^ letter) & !case;
    }
    differ == 0
}

/// Whether every byte belongs to the class or is part of a `%` and two hexadecimal digits.
pub(super) fn all_in(bytes: &[u8], class: u8) -> bool {
    let mut rest = bytes;
    loop {
        match rest.iter().position(|&byte| !is(byte, class)) {
            None => return true,
            Some(stop) => match &rest[stop..] {
                [b'%', high, low, tail @ ..]
                    if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
                {
                    rest = tail;
                }
                _ => return false,
            },
        }
    }
}

/// The same, where a `%` may stand for itself.
pub(super) fn all_in_or_percent(bytes: &[u8], class: u8) -> bool {
    bytes.iter().all(|&byte| is(byte, class) || byte == b'%')
}

/// The bytes with those decoded that need not have been percent-encoded: RFC 3986 section 6.2.2.2
/// has `%31` equivalent to `1`. Others, such as `%2F`, stay what they are.
#[must_use]
pub fn decode_unreserved(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let byte = match rest {
            [b'%', high, low, ..] => encoded(*high, *low).filter(|byte| is_unreserved(*byte)),
            _ => None,
        };
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    decoded
}

/// The byte that two hexadecimal digits are.
fn encoded(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The elements of a comma-separated list, without the whitespace around them.
///
/// Empty elements come out as they are: a list that only selects options skips them
/// (RFC 9110 section 5.6.1.2), a list that frames the message refuses them.
pub(super) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim)
}

/// The value without SP and HTAB at its ends.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte: u8 = 0;
    loop {
        table[byte as usize] = classes_of(byte);
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

const fn classes_of(byte: u8) -> u8 {
    let mut classes = 0;
    if byte.is_ascii_alphanumeric() || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+') {
        classes |= TOKEN;
    }
    if matches!(byte, b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~') {
        classes |= TOKEN;
    }
    if matches!(byte, b'\t' | b' '..=b'~' | 0x80..) {
        classes |= FIELD;
    }
    if byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~')
        || matches!(byte, b'!' | b'$' | b'&'..=b',' | b';' | b'=')
    {
        classes |= NAME | PATH;
    }
    if matches!(byte, b':' | b'@' | b'/') {
        classes |= PATH;
    }
    if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'<' | b'>') {
        classes |= QUERY;
    }
    if matches!(byte, b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' | 0x80..) {
        classes |= QUOTED;
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters and digits, which are in every class, and these bytes.
    fn is_in(byte: u8, others: &[u8]) -> bool {
        byte.is_ascii_alphanumeric() || others.contains(&byte)
    }

    #[test]
    fn a_name_is_known_in_any_case_and_by_all_of_its_bytes() {
        for name in ["content-length", "CONTENT-LENGTH", "Content-Length"] {
            assert!(is_named(name.as_bytes(), b"content-length"), "{name}");
        }
        for name in [
            "content-lengt",
            "content-lengths",
            "content\rlength",
            "",
            "aontent-length",
        ] {
            assert!(!is_named(name.as_bytes(), b"content-length"), "{name}");
        }
    }

    #[test]
    fn only_unreserved_characters_are_decoded() {
        for (bytes, decoded) in [
            ("/%31%35", "/15"),
            ("/%2D%2d%7E%5f%2E", "/--~_."),
            ("/%41%7A", "/Az"),
            ("/%2F%20%2B%25%7F%00%C3%BC", "/%2F%20%2B%25%7F%00%C3%BC"),
            ("/%2531", "/%2531"),
            ("%", "%"),
            ("%3", "%3"),
            ("%3g1", "%3g1"),
            ("", ""),
        ] {
            assert_eq!(decode_unreserved(bytes.as_bytes()), decoded.as_bytes());
        }
    }

    #[test]
    fn each_class_holds_what_its_rule_lists() {
        // The table is built at compile time; this one is built now, so that the code runs here.
        let made = classes();
        for byte in 0..=u8::MAX {
            let is_text = matches!(byte, b'\t' | b' ' | 0x21..=0x7e | 0x80..);
            let expected = [
                (TOKEN, is_in(byte, b"!#$%&'*+-.^_`|~")),
                (FIELD, is_text),
                (NAME, is_in(byte, b"-._~!$&'()*+,;=")),
                (PATH, is_in(byte, b"-._~!$&'()*+,;=:@/")),
                (QUERY, is_in(byte, b"-._~!$&'()*+,;=:@/?[]\\^`{|}%")),
                (QUOTED, is_text && byte != b'"' && byte != b'\\'),
            ];
            for (class, is_member) in expected {
                assert_eq!(
                    made[usize::from(byte)] & class != 0,
                    is_member,
                    "{byte:#x} {class}"
                );
                assert_eq!(is(byte, class), is_member, "{byte:#x} {class}");
            }
        }
    }
}
