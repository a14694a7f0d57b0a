//! The request line, the line ends and the limits of a head.

use super::*;

#[test]
fn a_post_of_an_integer_is_a_call() {
    let head = complete("POST /15 HTTP/1.1\r\nHost: localhost:8000\r\n\r\nPOST");
    assert_eq!(head.action, Action::Call(15));
    assert_eq!(head.length, 43);
    assert_eq!(head.framing, Framing::Empty);
    assert!(!head.expects_continue);
    assert_eq!(
        head.reply_to,
        ReplyTo {
            keep_alive: true,
            http10: false,
            head_only: false
        }
    );
}
