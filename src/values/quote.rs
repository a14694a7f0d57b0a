//! Text as JSON strings: for answers in UTF-8, for the JavaScript thread in ASCII.
//!
//! Invariant: each character has one form. Runs of plain characters are copied at once.

use super::runs::{plain_ascii, plain_utf8};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the text as a JSON string, as `JSON.stringify` writes it.
pub fn quote(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, stop) = rest.split_at(plain_utf8(rest));
        out.extend_from_slice(plain);
        let [first, tail @ ..] = stop else { break };
        push_ascii_character(out, char::from(*first));
        rest = tail;
    }
    out.push(b'"');
}

/// Appends the text as the content of a JSON string in ASCII, without the quotes.
pub(super) fn push_ascii(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    loop {
        let (plain, stop) = rest.split_at(plain_ascii(rest.as_bytes()));
        out.extend_from_slice(plain.as_bytes());
        let mut characters = stop.chars();
        let Some(first) = characters.next() else {
            return;
        };
        push_ascii_character(out, first);
        rest = characters.as_str();
    }
}

/// Appends one character in its one form.
pub(super) fn push_ascii_character(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(br#"\""#),
        '\\' => out.extend_from_slice(br"\\"),
        '\u{8}' => out.extend_from_slice(br"\b"),
        '\t' => out.extend_from_slice(br"\t"),
        '\n' => out.extend_from_slice(br"\n"),
        '\u{c}' => out.extend_from_slice(br"\f"),
        '\r' => out.extend_from_slice(br"\r"),
        ' '..='\u{7f}' => out.push(character as u8),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let digit = |shift: u16| HEX[usize::from(*unit >> shift & 0xf)];
                out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            }
        }
    }
}

/// The first so many characters of such content.
pub(super) fn first_characters(written: &[u8], count: usize) -> String {
    let mut rest = written;
    let units = std::iter::from_fn(|| {
        let (unit, length) = match rest {
            [b'\\', b'u', a, b, c, d, ..] => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or_default();
                (digit(a) << 12 | digit(b) << 8 | digit(c) << 4 | digit(d), 6)
            }
            [b'\\', b'b', ..] => (0x8, 2),
            [b'\\', b'f', ..] => (0xc, 2),
            [b'\\', b'n', ..] => (0xa, 2),
            [b'\\', b'r', ..] => (0xd, 2),
            [b'\\', b't', ..] => (0x9, 2),
            [b'\\', other, ..] | [other, ..] => {
                (u32::from(*other), 1 + usize::from(rest[0] == b'\\'))
            }
            [] => return None,
        };
        rest = &rest[length..];
        u16::try_from(unit).ok()
    });
    let characters = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}'));
    characters.take(count).collect()
}
