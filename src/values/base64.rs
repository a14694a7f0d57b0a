//! base64 of RFC 4648 section 4: padded, and without any other characters.
//!
//! Invariant: a sequence of bytes has one text. Another text that lenient readers decode to the
//! same bytes (section 3.5) is refused.

/// Not a character of the alphabet.
const NONE: u8 = 0xff;

static VALUES: [u8; 256] = values();

/// The bytes that the text stands for.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (groups, odd) = text.as_chunks::<4>();
    if !odd.is_empty() {
        return None;
    }
    let Some((last, groups)) = groups.split_last() else {
        return Some(Vec::new());
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in groups {
        bytes.extend_from_slice(&three(*group)?);
    }
    let [first, second, ..] = *last;
    match last {
        [_, _, b'=', b'='] => {
            let [byte, 0, 0] = three([first, second, b'A', b'A'])? else {
                return None;
            };
            bytes.push(byte);
        }
        [_, _, third, b'='] => {
            let [one, two, 0] = three([first, second, *third, b'A'])? else {
                return None;
            };
            bytes.extend_from_slice(&[one, two]);
        }
        _ => bytes.extend_from_slice(&three(*last)?),
    }
    Some(bytes)
}

fn three(group: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = group.map(|character| VALUES[usize::from(character)]);
    if (a | b | c | d) == NONE {
        return None;
    }
    Some([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d])
}

const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NONE; 256];
    let mut value: u8 = 0;
    while value < 64 {
        values[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    values
}
