//! Heads: the request line, the fields, and their verdict.

use super::authority::{is_authority, is_encoded};
use super::site;
use super::{Answer, Reader, Stop, Verdict, is_field_byte, is_tchar};
use ringcall::http::{BodyFraming, EMPTY_LINES_MAX, FIELDS_MAX, ResponseFraming, Rules};

/// Judges the start of the input as a head.
pub(crate) fn head(input: &[u8], rules: &Rules) -> Verdict {
    let mut reader = Reader {
        bytes: input,
        at: 0,
    };
    if let Err(stop) = read_empty_lines(&mut reader) {
        return match stop {
            Stop::Close(status) => Verdict::Closes(status),
            Stop::OutOfBytes => Verdict::Partial,
        };
    }
    let end = reader.at.saturating_add(rules.head_bytes_max);
    reader.bytes = &input[..input.len().min(end)];
    let mut line_ends = 0;
    match read_head(&mut reader, &mut line_ends) {
        Ok((line, fields)) => match judge(&line, &fields, rules) {
            Ok((response, body, expects_continue, answer)) => Verdict::Request {
                length: reader.at,
                response,
                body,
                expects_continue,
                answer,
            },
            Err(status) => Verdict::Closes(status),
        },
        Err(Stop::Close(status)) => Verdict::Closes(status),
        Err(Stop::OutOfBytes) if input.len() < end => Verdict::Partial,
        Err(Stop::OutOfBytes) => Verdict::Closes(if line_ends == 0 { 414 } else { 431 }),
    }
}

struct RequestLine {
    method: String,
    target: String,
    http10: bool,
}

pub(super) type Field = (String, Vec<u8>);

fn read_empty_lines(reader: &mut Reader) -> Result<(), Stop> {
    let mut empty_lines = 0;
    while let Some(b'\r' | b'\n') = reader.bytes.get(reader.at) {
        reader.expect(b'\r')?;
        reader.expect(b'\n')?;
        empty_lines += 1;
        if empty_lines > EMPTY_LINES_MAX {
            return Err(Stop::Close(400));
        }
    }
    if reader.at < reader.bytes.len() {
        Ok(())
    } else {
        Err(Stop::OutOfBytes)
    }
}

fn read_head(
    reader: &mut Reader,
    line_ends: &mut usize,
) -> Result<(RequestLine, Vec<Field>), Stop> {
    let method = reader.until(b' ', is_tchar)?;
    if method.is_empty() {
        return Err(Stop::Close(400));
    }
    let target = reader.until(b' ', |byte| byte > b' ' && byte != 0x7f)?;
    let target = String::from_utf8(target).map_err(|_| Stop::Close(400))?;
    if target.is_empty() {
        return Err(Stop::Close(400));
    }
    for expected in *b"HTTP/" {
        reader.expect(expected)?;
    }
    let mut digit = || match reader.next()? {
        digit @ b'0'..=b'9' => Ok(digit),
        _ => Err(Stop::Close(400)),
    };
    let major = digit()?;
    reader.expect(b'.')?;
    let mut digit = || match reader.next()? {
        digit @ b'0'..=b'9' => Ok(digit),
        _ => Err(Stop::Close(400)),
    };
    let minor = digit()?;
    if major != b'1' || minor > b'1' {
        return Err(Stop::Close(505));
    }
    reader.expect(b'\r')?;
    reader.expect(b'\n')?;
    *line_ends += 1;

    let mut fields = Vec::new();
    loop {
        if reader.bytes.get(reader.at) == Some(&b'\r') {
            reader.at += 1;
            reader.expect(b'\n')?;
            let method = String::from_utf8(method).expect("tokens are ASCII");
            return Ok((
                RequestLine {
                    method,
                    target,
                    http10: minor == b'0',
                },
                fields,
            ));
        }
        let name = reader.until(b':', is_tchar)?;
        if name.is_empty() {
            return Err(Stop::Close(400));
        }
        let value = reader.until(b'\r', is_field_byte)?;
        reader.expect(b'\n')?;
        *line_ends += 1;
        if fields.len() == FIELDS_MAX {
            return Err(Stop::Close(431));
        }
        let name = String::from_utf8(name)
            .expect("tokens are ASCII")
            .to_lowercase();
        fields.push((name, trim(&value).to_vec()));
    }
}

type Judged = (ResponseFraming, BodyFraming, bool, Answer);

fn judge(line: &RequestLine, fields: &[Field], rules: &Rules) -> Result<Judged, u16> {
    let RequestLine {
        method,
        target,
        http10,
    } = line;
    let path = path_of(method, target)?;

    let hosts = values(fields, "host");
    if hosts.len() > 1 || (hosts.is_empty() && !http10) {
        return Err(400);
    }
    if hosts.iter().any(|host| !is_authority(host, false)) {
        return Err(400);
    }
    let body = framing_of(fields, *http10)?;
    let has_body = body != BodyFraming::Empty;

    let connection = list(&values(fields, "connection"));
    let closes = connection.iter().any(|option| option == b"close");
    let stays = connection.iter().any(|option| option == b"keep-alive");
    let mut expectations = list(&values(fields, "expect"));
    expectations.retain(|expectation| !expectation.is_empty() && !http10);
    let expects_other = expectations
        .iter()
        .any(|expectation| expectation != b"100-continue");
    let expects_continue = !expectations.is_empty() && !expects_other && has_body;

    let page = site::page(fields, &rules.origins);
    let is_health =
        path.is_some() && path.as_deref().map(decoded).as_deref() == rules.health.as_deref();
    let answer = if method == "OPTIONS" && page.is_preflight {
        Answer::Preflight
    } else if is_health && matches!(&**method, "GET" | "HEAD") {
        if expects_other {
            Answer::Refuse(417)
        } else {
            Answer::AskHealth
        }
    } else if method == "POST" && !is_health {
        match path {
            None => Answer::Refuse(421),
            Some(_) if page.is_foreign => Answer::Refuse(403),
            Some(_) if expects_other => Answer::Refuse(417),
            Some(path) => route(&path, rules.bigint),
        }
    } else {
        let known = "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BASELINE-CONTROL BIND \
            CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL \
            MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT \
            SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL";
        Answer::Refuse(if known.split_whitespace().any(|one| one == method) {
            405
        } else {
            501
        })
    };
    let refused_early = !matches!(answer, Answer::Call(_)) && !expectations.is_empty() && has_body;
    let keep_alive = if *http10 { stays && !closes } else { !closes };
    let response = ResponseFraming {
        keep_alive: keep_alive && method != "CONNECT" && !refused_early,
        is_last: !keep_alive && method != "CONNECT" && !refused_early,
        http10: *http10,
        head_only: method == "HEAD",
        reader: page.reader,
    };
    Ok((response, body, expects_continue, answer))
}

/// The path of the target, or None if it is a target that we do not serve.
fn path_of(method: &str, target: &str) -> Result<Option<String>, u16> {
    if method == "CONNECT" {
        return if is_authority(target.as_bytes(), true) {
            Ok(None)
        } else {
            Err(400)
        };
    }
    if target == "*" {
        return if method == "OPTIONS" {
            Ok(None)
        } else {
            Err(400)
        };
    }
    let (scheme, after) = if target.starts_with('/') {
        ("http".to_owned(), target)
    } else {
        let (scheme, rest) = target.split_once(':').ok_or(400_u16)?;
        let rest = rest.strip_prefix("//").ok_or(400_u16)?;
        let mut letters = scheme.chars();
        if !letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
        {
            return Err(400);
        }
        if !letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter)) {
            return Err(400);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        if !is_authority(&rest.as_bytes()[..end], false) {
            return Err(400);
        }
        (scheme.to_lowercase(), &rest[end..])
    };
    let (path, query) = after.split_once('?').unwrap_or((after, ""));
    if !is_encoded(path, "-._~!$&'()*+,;=:@/") {
        return Err(400);
    }
    if !query
        .chars()
        .all(|one| one.is_ascii_graphic() && !"\"#<>".contains(one))
    {
        return Err(400);
    }
    Ok((scheme == "http").then(|| path.to_owned()))
}

fn route(path: &str, bigint: bool) -> Answer {
    let path = decoded(path);
    let Some(number) = path.strip_prefix('/') else {
        return Answer::Refuse(400);
    };
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_digit()) {
        return Answer::Refuse(400);
    }
    match number.parse::<i64>() {
        Ok(integer) if bigint || integer.unsigned_abs() < 1 << 53 => Answer::Call(integer),
        _ => Answer::Refuse(400),
    }
}

/// The path with every encoded letter, digit, `-`, `.`, `_` and `~` decoded.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at(2);
        let byte = u8::from_str_radix(code, 16).expect("hexadecimal digits");
        match char::from(byte) {
            one if one.is_ascii_alphanumeric() || "-._~".contains(one) => text.push(one),
            _ => text.extend(["%", code]),
        }
        text += rest;
    }
    text
}

fn framing_of(fields: &[Field], http10: bool) -> Result<BodyFraming, u16> {
    let lengths = values(fields, "content-length");
    let lines = values(fields, "transfer-encoding");
    if lengths.len() > 1 || (!lengths.is_empty() && !lines.is_empty()) {
        return Err(400);
    }
    if let Some(length) = lengths.first() {
        if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
            return Err(400);
        }
        let length = str::from_utf8(length)
            .expect("digits")
            .parse()
            .map_err(|_| 400_u16)?;
        return Ok(if length == 0 {
            BodyFraming::Empty
        } else {
            BodyFraming::Length(length)
        });
    }
    if lines.is_empty() {
        return Ok(BodyFraming::Empty);
    }
    let codings = list(&lines);
    let is_token = |coding: &Vec<u8>| !coding.is_empty() && coding.iter().all(|&b| is_tchar(b));
    let chunked = codings
        .iter()
        .filter(|coding| *coding == b"chunked")
        .count();
    let last = codings.last().map(Vec::as_slice);
    if http10 || !codings.iter().all(is_token) || chunked != 1 || last != Some(b"chunked") {
        return Err(400);
    }
    if codings.len() > 1 {
        Err(501)
    } else {
        Ok(BodyFraming::Chunked)
    }
}

pub(super) fn values<'a>(fields: &'a [Field], name: &str) -> Vec<&'a [u8]> {
    fields
        .iter()
        .filter(|field| field.0 == name)
        .map(|field| field.1.as_slice())
        .collect()
}

/// All lines as one list, in lower case.
fn list(lines: &[&[u8]]) -> Vec<Vec<u8>> {
    let elements = lines
        .iter()
        .flat_map(|line| line.split(|&byte| byte == b','));
    elements
        .map(|element| trim(element).to_ascii_lowercase())
        .collect()
}

fn trim(value: &[u8]) -> &[u8] {
    let is_dark = |byte: &u8| *byte != b' ' && *byte != b'\t';
    let Some(start) = value.iter().position(is_dark) else {
        return b"";
    };
    let end = value
        .iter()
        .rposition(is_dark)
        .expect("there is a first one");
    &value[start..=end]
}
