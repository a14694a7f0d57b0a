//! JSON as a tree, read one character at a time by RFC 8259's grammar and I-JSON's rules.

pub(super) const DEPTH_MAX: usize = 128;

/// A value. A number is its token; the members of an object are in their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Number(String),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// The value of the bytes, if they are strict JSON. Its numbers need not be finite.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    let characters: Vec<char> = str::from_utf8(bytes).ok()?.chars().collect();
    let mut parser = Parser { characters, at: 0 };
    let value = parser.value(0)?;
    parser.white_space();
    (parser.at == parser.characters.len()).then_some(value)
}

struct Parser {
    characters: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        for wanted in word.chars() {
            self.take(wanted)?;
        }
        Some(value)
    }

    fn white_space(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.white_space();
        match self.peek()? {
            '[' | '{' if depth == DEPTH_MAX => None,
            '[' => self.array(depth + 1),
            '{' => self.object(depth + 1),
            '"' => self.string().map(Value::String),
            't' => self.word("true", Value::Boolean(true)),
            'f' => self.word("false", Value::Boolean(false)),
            'n' => self.word("null", Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.take('[')?;
        let mut values = Vec::new();
        self.white_space();
        if self.peek()? == ']' {
            self.at += 1;
            return Some(Value::Array(values));
        }
        loop {
            values.push(self.value(depth)?);
            self.white_space();
            match self.next()? {
                ',' => {}
                ']' => return Some(Value::Array(values)),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.take('{')?;
        let mut members: Vec<(String, Value)> = Vec::new();
        self.white_space();
        if self.peek()? == '}' {
            self.at += 1;
            return Some(Value::Object(members));
        }
        loop {
            self.white_space();
            let key = self.string()?;
            if key == "__proto__" || members.iter().any(|(other, _)| *other == key) {
                return None;
            }
            self.white_space();
            self.take(':')?;
            members.push((key, self.value(depth)?));
            self.white_space();
            match self.next()? {
                ',' => {}
                '}' => return Some(Value::Object(members)),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut units = Vec::new();
        loop {
            match self.next()? {
                '"' => return String::from_utf16(&units).ok(),
                '\\' => units.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                other => units.extend_from_slice(other.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> Option<u16> {
        Some(match self.next()? {
            '"' => 0x22,
            '\\' => 0x5c,
            '/' => 0x2f,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'u' => {
                let mut unit = 0;
                for _ in 0..4 {
                    unit = unit * 16 + self.next()?.to_digit(16)?;
                }
                u16::try_from(unit).ok()?
            }
            _ => return None,
        })
    }

    fn number(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        if self.peek() == Some('0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some('e' | 'E') = self.peek() {
            self.at += 1;
            if let Some('+' | '-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(self.characters[start..self.at].iter().collect())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}
