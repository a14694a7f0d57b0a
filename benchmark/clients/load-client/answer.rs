//! How much of an answer has arrived, by the bytes of one connection.

use std::cmp::Ordering;

const HEADERS_MAX: usize = 32;

#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Partial,
    /// It has no length: a close ends it.
    UntilClose,
    Whole,
    Wrong,
}

pub(crate) fn judge(received: &[u8]) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(received) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Answer::Partial,
        Err(_) => return Answer::Wrong,
    };
    if response.code != Some(200) {
        return Answer::Wrong;
    }
    let Some(length) = value(response.headers, "content-length") else {
        // No server here answers with chunks.
        return match value(response.headers, "transfer-encoding") {
            Some(_) => Answer::Wrong,
            None => Answer::UntilClose,
        };
    };
    let length = str::from_utf8(length)
        .ok()
        .and_then(|digits| digits.parse().ok());
    match length.map(|length: usize| length.cmp(&(received.len() - head))) {
        Some(Ordering::Greater) => Answer::Partial,
        Some(Ordering::Equal) => Answer::Whole,
        Some(Ordering::Less) | None => Answer::Wrong,
    }
}

fn value<'a>(headers: &[httparse::Header<'a>], name: &str) -> Option<&'a [u8]> {
    let field = headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(name));
    field.map(|field| field.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_has_arrived() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n610";
        for end in 0..answer.len() {
            assert_eq!(judge(&answer[..end]), Answer::Partial);
        }
        assert_eq!(judge(answer), Answer::Whole);
    }

    #[test]
    fn an_answer_without_a_length_lasts_until_the_close() {
        assert_eq!(judge(b"HTTP/1.1 200 OK\r\n\r\n610"), Answer::UntilClose);
    }

    #[test]
    fn an_answer_other_than_200_too_long_or_of_unknown_length_is_wrong() {
        for answer in [
            "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n610",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "SSH-2.0\r\n\r\n",
        ] {
            assert_eq!(judge(answer.as_bytes()), Answer::Wrong, "{answer}");
        }
    }
}
