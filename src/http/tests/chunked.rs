//! Chunked bodies, skipped to the byte: RFC 9112 section 7.1.

use super::*;

fn chunked(input: impl AsRef<[u8]>) -> Result<Option<usize>, u16> {
    skip_by(&RULES, BodyFraming::Chunked, input.as_ref())
}

/// The whole input is one chunked body, and bytes that follow it are not consumed.
#[track_caller]
fn is_body(input: impl AsRef<[u8]>) {
    let input = input.as_ref();
    assert_eq!(
        chunked(input),
        Ok(Some(input.len())),
        "{}",
        input.escape_ascii()
    );
    let with_next = [input, b"POST /16 HTTP/1.1\r\n"].concat();
    assert_eq!(chunked(with_next), Ok(Some(input.len())));
    assert_eq!(chunked(&input[..input.len() - 1]), Ok(None));
}

#[test]
fn chunks_end_with_an_empty_one_and_an_empty_line() {
    is_body("0\r\n\r\n");
    is_body("5\r\nhello\r\n0\r\n\r\n");
    is_body("5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n");
    is_body("a\r\n0123456789\r\n0\r\n\r\n");
    is_body("A\r\n0123456789\r\n0\r\n\r\n");
    is_body("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n");
    is_body(["1F\r\n", &"x".repeat(31), "\r\n0\r\n\r\n"].concat());
    is_body(b"7\r\n0\r\n\r\n\0\xff\r\n0\r\n\r\n");
}

#[test]
fn a_malformed_chunk_size_is_400() {
    for size in [
        "",
        " ",
        ";",
        " 5",
        "\t5",
        "-1",
        "+5",
        "0x5",
        "0X5",
        "5h",
        "5_0",
        "5.0",
        "g",
        "G",
        "5 0",
        "5,",
        "5\0",
        "\0",
        "_",
        "5 ",
        "5\t",
        "5 \t ",
        "'5'",
        "\u{665}",
        "/",
        ":",
        "@",
        "`",
        "00000000000000005",
        "FFFFFFFFFFFFFFFF0",
    ] {
        assert_eq!(
            chunked(format!("{size}\r\nhello\r\n0\r\n\r\n")),
            Err(400),
            "{size:?}"
        );
    }
}

#[test]
fn a_chunk_line_that_does_not_end_in_crlf_is_400() {
    for input in [
        "5\n",
        "5\r\r",
        "5\rh",
        "5\r;",
        "5;a\n",
        "5;a\rX",
        "5;a=b\r\r",
        "5;a=\"b\"\n",
        "0\n",
        "0\r0",
    ] {
        assert_eq!(chunked(input), Err(400), "{input:?}");
    }
}

#[test]
fn chunk_data_that_is_not_followed_by_crlf_is_400() {
    for after in [
        "\n",
        "!",
        "!!\r\n",
        "0\r\n\r\n",
        "\rX",
        "\r\r",
        " \r\n",
        "\0",
    ] {
        assert_eq!(chunked(format!("5\r\nhello{after}")), Err(400), "{after:?}");
    }
    assert_eq!(chunked("5\r\nhello\r\n\r\n0\r\n\r\n"), Err(400));
}

#[test]
fn chunks_beyond_the_limit_are_413_as_soon_as_the_size_is_read() {
    let rules = Rules {
        body_bytes_max: 10,
        ..RULES
    };
    let skip = |input: &str| skip_by(&rules, BodyFraming::Chunked, input.as_bytes());
    assert_eq!(skip("a\r\n0123456789\r\n0\r\n\r\n"), Ok(Some(20)));
    assert_eq!(skip("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"), Ok(Some(25)));
    assert_eq!(skip("b\r"), Err(413));
    assert_eq!(skip("b;"), Err(413));
    assert_eq!(skip("5\r\nhello\r\n6\r"), Err(413));
    assert_eq!(skip("a\r\n0123456789\r\n1\r"), Err(413));
    for size in [
        "FFFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFE",
        "8000000000000000",
        "7fffffffffffffff",
    ] {
        assert_eq!(skip(&format!("{size}\r")), Err(413), "{size}");
        assert_eq!(
            skip(&format!("a\r\n0123456789\r\n{size}\r")),
            Err(413),
            "{size}"
        );
    }
}

// RFC 9112 section 7.1.1: chunk extensions.

#[test]
fn chunk_extensions_are_skipped() {
    for extension in [
        ";a",
        ";a=b",
        ";a;b",
        ";a=b;c=d",
        "; a = b",
        " ;a",
        "\t;\ta\t=\tb\t;\tc",
        ";a=\"\"",
        ";a=\"b\"",
        ";a=\"b;c=d\"",
        ";a=\"\\\"\"",
        ";a=\"\\\\\"",
        ";a=\"b\" ;c",
        ";a=\"\t \\\t\u{fc}\"",
        ";!#$%&'*+-.^_`|~09azAZ=0",
        ";a ;b",
    ] {
        is_body(format!("5{extension}\r\nhello\r\n0{extension}\r\n\r\n"));
    }
}

#[test]
fn a_malformed_chunk_extension_is_400() {
    for extension in [
        ";",
        ";;",
        ";;a",
        ";a;",
        "; ",
        ";=b",
        ";a=",
        ";a= ",
        ";a=;b",
        ";a==b",
        ";a=(\"b\"",
        ";a=;\"",
        ";a=b=c",
        " a",
        ";a b",
        ";a=b c",
        ";a ",
        ";a=b ",
        ";a=\"b\" ",
        ";a=\"b\"c",
        ";a=\"b",
        ";a=b\"",
        ";\"a\"=b",
        ";bad[=x",
        ";a=(b)",
        ";a\0",
        ";\0a",
        ";a=\0",
        ";a=\"\0\"",
        ";a=\"\\\0\"",
        ";a=\"\u{7f}\"",
        ";a\u{fc}",
        ";a=\u{fc}",
        ";a,b",
        ";a:b",
        ",a",
    ] {
        assert_eq!(
            chunked(format!("5{extension}\r\nhello\r\n0\r\n\r\n")),
            Err(400),
            "{extension:?}"
        );
    }
}

#[test]
fn chunk_extensions_are_bounded_over_the_whole_body() {
    let fits = format!(";{}", "a".repeat(EXTENSION_BYTES_MAX - 1));
    is_body(format!("0{fits}\r\n\r\n"));
    assert_eq!(chunked(format!("0{fits}a")), Err(413));
    let half = format!(";{}", "a".repeat(EXTENSION_BYTES_MAX / 2 - 1));
    is_body(format!("1{half}\r\nx\r\n0{half}\r\n\r\n"));
    assert_eq!(
        chunked(format!("1{half}\r\nx\r\n1{half}\r\nx\r\n1;")),
        Err(413)
    );
    assert_eq!(
        chunked(format!("0{}", " ".repeat(EXTENSION_BYTES_MAX + 1))),
        Err(413)
    );
}

// RFC 9112 section 7.1.2: trailers.

#[test]
fn trailers_are_skipped_whatever_they_are_called() {
    for trailers in [
        "X: y\r\n",
        "X:\r\nY: z\r\n",
        "Vary: *\r\nContent-Type: text/plain\r\n",
        "X:y\t \u{fc}\r\n",
    ] {
        is_body(format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
    }
    // They come too late to change the framing: RFC 9110 section 6.5.1.
    for trailer in [
        "Content-Length: 50\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: b\r\n",
    ] {
        is_body(format!("0\r\n{trailer}\r\n"));
    }
}

#[test]
fn a_malformed_trailer_is_400() {
    for trailers in [
        "\n",
        "\r\r",
        "\rX",
        "X",
        "X\r\n",
        "X y\r\n",
        ": y\r\n",
        " X: y\r\n",
        "X : y\r\n",
        "X: y\n",
        "X: y\rZ",
        "X: \0\r\n",
        "X: y\r\n z\r\n",
        "X: y\r\n\n",
        "X\0: y\r\n",
        "\0",
        "X: y\r\n\rX",
        "X: \u{7f}\r\n",
        "POST /16 HTTP/1.1\r\n",
    ] {
        assert_eq!(
            chunked(format!("0\r\n{trailers}\r\n")),
            Err(400),
            "{trailers:?}"
        );
    }
}

#[test]
fn a_trailer_section_longer_than_a_head_may_be_is_431() {
    let rules = Rules {
        head_bytes_max: 32,
        ..RULES
    };
    let skip = |trailers: &str| {
        skip_by(
            &rules,
            BodyFraming::Chunked,
            format!("0\r\n{trailers}\r\n").as_bytes(),
        )
    };
    assert_eq!(skip(&format!("X: {}\r\n", "y".repeat(25))), Ok(Some(35)));
    assert_eq!(skip(&format!("X: {}\r\n", "y".repeat(26))), Err(431));
    assert_eq!(skip(&"X:\r\n".repeat(20)), Err(431));
}
