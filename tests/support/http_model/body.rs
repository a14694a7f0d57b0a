//! Bodies: lengths, chunks, extensions, trailers.

use super::{Reader, Skip, Stop, is_field_byte, is_tchar};
use ringcall::http::{BodyFraming, EXTENSION_BYTES_MAX, Rules};

/// Judges the start of the input as a body.
pub(crate) fn body(framing: BodyFraming, input: &[u8], rules: &Rules) -> Skip {
    match framing {
        BodyFraming::Empty | BodyFraming::Length(0) => Skip::Complete(0),
        BodyFraming::Length(length) if length > rules.body_bytes_max => Skip::Closes(413),
        BodyFraming::Length(length) if length > input.len() as u64 => Skip::Partial,
        BodyFraming::Length(length) => Skip::Complete(usize::try_from(length).expect("it fits")),
        BodyFraming::Chunked => {
            let mut reader = Reader {
                bytes: input,
                at: 0,
            };
            match read_chunks(&mut reader, rules) {
                Ok(()) => Skip::Complete(reader.at),
                Err(Stop::OutOfBytes) => Skip::Partial,
                Err(Stop::Close(status)) => Skip::Closes(status),
            }
        }
    }
}

fn read_chunks(reader: &mut Reader, rules: &Rules) -> Result<(), Stop> {
    let mut body_bytes: u128 = 0;
    let mut extension_bytes = 0;
    loop {
        let start = reader.at;
        let after_size = loop {
            match reader.next()? {
                digit if digit.is_ascii_hexdigit() && reader.at - start <= 16 => {}
                other => break other,
            }
        };
        let digits = str::from_utf8(&reader.bytes[start..reader.at - 1]).expect("digits");
        if digits.is_empty() || !b"\r; \t".contains(&after_size) {
            return Err(Stop::Close(400));
        }
        let size = u64::from_str_radix(digits, 16).expect("16 digits at most");
        body_bytes += u128::from(size);
        if body_bytes > u128::from(rules.body_bytes_max) {
            return Err(Stop::Close(413));
        }
        reader.at -= 1;
        Extensions {
            reader,
            bytes: &mut extension_bytes,
        }
        .read()?;
        reader.expect(b'\n')?;
        if size == 0 {
            return read_trailers(reader, rules.head_bytes_max);
        }
        for _ in 0..size {
            reader.next()?;
        }
        reader.expect(b'\r')?;
        reader.expect(b'\n')?;
    }
}

/// Everything between a chunk's size and the line feed of its line.
struct Extensions<'a, 'b> {
    reader: &'a mut Reader<'b>,
    bytes: &'a mut usize,
}

impl Extensions<'_, '_> {
    fn peek(&self) -> Result<u8, Stop> {
        self.reader
            .bytes
            .get(self.reader.at)
            .copied()
            .ok_or(Stop::OutOfBytes)
    }

    /// Counts every byte; the carriage return at the end, which does not count, is taken elsewhere.
    fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.reader.next()?;
        *self.bytes += 1;
        if *self.bytes > EXTENSION_BYTES_MAX {
            Err(Stop::Close(413))
        } else {
            Ok(byte)
        }
    }

    fn refuse<T>(&mut self) -> Result<T, Stop> {
        self.next()?;
        Err(Stop::Close(400))
    }

    /// Whether there were any.
    fn skip_blanks(&mut self) -> Result<bool, Stop> {
        let start = self.reader.at;
        while matches!(self.peek()?, b' ' | b'\t') {
            self.next()?;
        }
        Ok(self.reader.at > start)
    }

    fn token(&mut self) -> Result<(), Stop> {
        if !is_tchar(self.peek()?) {
            return self.refuse();
        }
        while is_tchar(self.peek()?) {
            self.next()?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Stop> {
        loop {
            let has_blanks = self.skip_blanks()?;
            match self.peek()? {
                b'\r' if !has_blanks => {
                    self.reader.at += 1;
                    return Ok(());
                }
                b';' => self.next()?,
                _ => return self.refuse(),
            };
            self.skip_blanks()?;
            self.token()?;
            let after_name = self.reader.at;
            let counted = *self.bytes;
            self.skip_blanks()?;
            if self.peek()? == b'=' {
                self.next()?;
                self.skip_blanks()?;
                if self.peek()? == b'"' {
                    self.quoted()?;
                } else {
                    self.token()?;
                }
            } else {
                // The blanks belong to the next element, which reads them again.
                self.reader.at = after_name;
                *self.bytes = counted;
            }
        }
    }

    fn quoted(&mut self) -> Result<(), Stop> {
        self.next()?;
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' if is_field_byte(self.peek()?) => self.next()?,
                b'\\' => return self.refuse(),
                byte if is_field_byte(byte) => byte,
                _ => return Err(Stop::Close(400)),
            };
        }
    }
}

fn read_trailers(reader: &mut Reader, bytes_max: usize) -> Result<(), Stop> {
    let start = reader.at;
    let section = &reader.bytes[..reader.bytes.len().min(start + bytes_max)];
    let mut within = Reader {
        bytes: section,
        at: start,
    };
    let outcome = read_trailer_lines(&mut within);
    reader.at = within.at;
    match outcome {
        // The next byte has arrived, but is beyond the limit.
        Err(Stop::OutOfBytes) if section.len() < reader.bytes.len() => Err(Stop::Close(431)),
        other => other,
    }
}

fn read_trailer_lines(reader: &mut Reader) -> Result<(), Stop> {
    loop {
        if reader.bytes.get(reader.at) == Some(&b'\r') {
            reader.at += 1;
            return reader.expect(b'\n');
        }
        if reader.until(b':', is_tchar)?.is_empty() {
            return Err(Stop::Close(400));
        }
        reader.until(b'\r', is_field_byte)?;
        reader.expect(b'\n')?;
    }
}
