//! Documents: which clients already have one, and the heads of the answers, byte for byte.

use super::*;
use std::time::UNIX_EPOCH;

fn document() -> Document {
    let fields = [("content-security-policy", "default-src 'none'")];
    Document::new("text/html", "\"a,1\"", &fields, b"<p>Ada"[..].into())
}

fn is_known(lines: &[&str]) -> bool {
    document().is_known(lines.iter().map(|line| line.as_bytes()))
}

#[test]
fn a_client_has_the_document_if_it_sends_its_tag_weak_in_a_list_or_a_star() {
    for line in [
        "\"a,1\"",
        "W/\"a,1\"",
        "*",
        "\"b\", \"a,1\"",
        "\"b\",\"a,1\",\"c\"",
        "W/\"b\" ,\t W/\"a,1\"",
        ", ,\"a,1\",",
        "\"\", \"a,1\"",
        "\"\u{e4}\", \"a,1\"",
    ] {
        assert!(is_known(&[line]), "{line}");
        assert!(is_known(&["\"b\"", line]), "{line}, in a second line");
    }
}

#[test]
fn a_client_does_not_have_the_document_if_it_sends_another_tag_or_none() {
    for line in [
        "",
        ",",
        "\"b\"",
        "\"a\"",
        "\"1\"",
        "\"A,1\"",
        "a,1",
        "\"a,1",
        "w/\"a,1\"",
        "W/ \"a,1\"",
        "\"a,1\"x",
        "x\"a,1\"",
        "\"b\" \"a,1\"",
        "\"b\"; \"a,1\"",
        "'a,1'",
        "**",
        "*, \"b\"",
        "\"b\", *",
    ] {
        assert!(!is_known(&[line]), "{line}");
    }
    assert!(!is_known(&[]));
}

fn head(is_known: bool, framing: ResponseFraming, origins: &Origins) -> String {
    let mut out = Vec::new();
    let date = Date::at(UNIX_EPOCH);
    encode_document(&mut out, &document(), is_known, framing, &date, origins);
    String::from_utf8(out).expect("text")
}

#[test]
fn a_200_has_every_field_and_a_304_those_that_caches_keep() {
    let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: \"a,1\"\r\n\
        Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n\
        content-security-policy: default-src 'none'\r\nContent-Length: 6\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";
    assert_eq!(
        head(false, ResponseFraming::ORDINARY, &Origins::None),
        expected
    );
    let expected = "HTTP/1.1 304 Not Modified\r\nETag: \"a,1\"\r\nCache-Control: no-cache\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";
    assert_eq!(
        head(true, ResponseFraming::ORDINARY, &Origins::None),
        expected
    );
}

#[test]
fn the_head_says_whether_the_connection_stays_open() {
    let http10 = ResponseFraming {
        http10: true,
        ..ResponseFraming::ORDINARY
    };
    for is_known in [false, true] {
        let last = head(is_known, ResponseFraming::default(), &Origins::None);
        assert!(last.ends_with("\r\nConnection: close\r\n\r\n"), "{last}");
        let kept = head(is_known, http10, &Origins::None);
        let kept_says = "\r\nConnection: keep-alive\r\n\r\n";
        assert!(kept.ends_with(kept_says), "{kept}");
    }
}

#[test]
fn the_head_says_which_page_may_read_the_document_and_when_it_varies() {
    let listed = Origins::named(&["https://a.example".to_owned()]);
    let of = |reader| ResponseFraming {
        reader,
        ..ResponseFraming::ORDINARY
    };
    for is_known in [false, true] {
        let named = head(is_known, of(Reader::Listed(0)), &listed);
        let origin = "\r\nAccess-Control-Allow-Origin: https://a.example\r\nVary: Origin\r\n";
        assert!(named.contains(origin), "{named}");
        assert_eq!(named.matches("Vary").count(), 1);
        let other = head(is_known, of(Reader::Unsaid), &listed);
        assert!(other.ends_with("\r\nVary: Origin\r\n\r\n"), "{other}");
        assert!(!other.contains("Access-Control"), "{other}");
        for reader in [Reader::Any, Reader::Unsaid] {
            let any = head(is_known, of(reader), &Origins::Any);
            let all = "\r\nAccess-Control-Allow-Origin: *\r\n\r\n";
            assert!(any.ends_with(all), "{any}");
        }
        let none = head(is_known, of(Reader::Unsaid), &Origins::None);
        assert!(!none.contains("Vary") && !none.contains("Access"), "{none}");
    }
}
