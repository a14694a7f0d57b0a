//! The value on a tape, read back by the description in `values::json::tape`.

use std::collections::VecDeque;

use super::json::{self, Value};

/// The value of the tape. `long` gives its next long string.
pub(crate) fn read(tape: &[u8], long: &mut dyn FnMut() -> String) -> Value {
    let (head, rest) = tape.split_at(16);
    let [doubles, words, shapes, 0] = words_of(head)[..] else {
        panic!("{head:?} is no head")
    };
    let (doubles, rest) = rest.split_at(8 * doubles as usize);
    let (words, characters) = rest.split_at(4 * words as usize);
    assert!(characters.is_ascii(), "the characters are ASCII");
    let mut reader = Reader {
        doubles: doubles.chunks_exact(8).map(double_of).collect(),
        words: words_of(words).into(),
        characters: str::from_utf8(characters).expect("it is ASCII"),
        shapes: Vec::new(),
        short: Vec::new(),
        long,
    };
    for _ in 0..shapes {
        let length = reader.words.pop_front().expect("a length");
        let keys = strings_of(reader.take(length));
        assert!(!reader.shapes.contains(&keys), "no two shapes are equal");
        reader.shapes.push(keys);
    }
    let value = reader.value();
    let is_empty = reader.words.is_empty() && reader.doubles.is_empty();
    assert!(
        is_empty && reader.characters.is_empty(),
        "nothing is left on the tape"
    );
    value
}

struct Reader<'a> {
    doubles: VecDeque<f64>,
    words: VecDeque<u32>,
    characters: &'a str,
    shapes: Vec<Vec<String>>,
    short: Vec<String>,
    long: &'a mut dyn FnMut() -> String,
}

impl Reader<'_> {
    fn value(&mut self) -> Value {
        let word = self.words.pop_front().expect("a word");
        let operand = word >> 3;
        match word & 7 {
            0 => Value::Number((word.cast_signed() >> 3).to_string()),
            1 => Value::Number(self.doubles.pop_front().expect("a double").to_string()),
            2 if operand < 16 => {
                assert!(operand <= 12, "{operand} is not short");
                let string = self.take(operand).to_owned();
                self.short.push(string.clone());
                Value::String(string)
            }
            2 => Value::String(self.short[operand as usize - 16].clone()),
            3 => Value::String((self.long)()),
            4 => match operand {
                0 => Value::Null,
                1 => Value::Boolean(false),
                2 => Value::Boolean(true),
                other => panic!("{other} is no literal"),
            },
            kind @ (5 | 6) => {
                let values: Vec<Value> = (0..operand).map(|_| self.value()).collect();
                let is_number = |value: &Value| matches!(value, Value::Number(_));
                assert_eq!(values.iter().all(is_number), kind == 5, "{values:?}");
                Value::Array(values)
            }
            _ => {
                let keys = self.shapes[operand as usize].clone();
                let members = keys.into_iter().map(|key| (key, self.value()));
                Value::Object(members.collect())
            }
        }
    }

    fn take(&mut self, length: u32) -> &str {
        let (taken, rest) = self.characters.split_at(length as usize);
        self.characters = rest;
        taken
    }
}

/// The strings in quotes, with commas between them.
fn strings_of(list: &str) -> Vec<String> {
    let Some(Value::Array(values)) = json::parse(format!("[{list}]").as_bytes()) else {
        panic!("{list} is not JSON")
    };
    let strings = values.into_iter().map(|value| match value {
        Value::String(string) => string,
        other => panic!("{other:?} is no string"),
    });
    strings.collect()
}

fn words_of(bytes: &[u8]) -> Vec<u32> {
    let words = bytes.chunks_exact(4);
    let word = |word: &[u8]| u32::from_le_bytes(word.try_into().expect("four bytes"));
    words.map(word).collect()
}

fn double_of(bytes: &[u8]) -> f64 {
    f64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}
