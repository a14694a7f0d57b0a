//! Conversations in which it is asked how the server is: who is told what, and when.

#[expect(unreachable_pub, reason = "shared with the fuzzer")]
#[expect(dead_code, reason = "each test uses a part of it")]
#[path = "support/conversation.rs"]
mod conversation;

use conversation::{Conversation, HEALTH, NO_TIMEOUTS, TIMEOUTS};
use ringcall::bridge::Health;

const MUCH: u64 = 1 << 30;

fn ask(fields: &str) -> Vec<u8> {
    format!("GET {HEALTH} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
}

fn post(n: i64) -> Vec<u8> {
    format!("POST /{n} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

/// What has been sent, and is forgotten.
fn take_sent(conversation: &mut Conversation) -> String {
    conversation.send(usize::MAX);
    let sent = std::mem::take(&mut conversation.sent);
    String::from_utf8(sent).expect("text")
}

#[test]
fn nobody_is_told_before_it_is_known_and_then_everybody_in_their_turn() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    let requests = [ask(""), post(2), ask(""), ask("")];
    conversation.arrive(&requests.concat());
    assert!(conversation.is_asked && conversation.sends.is_empty());
    conversation.reply_call(0);
    assert_eq!(take_sent(&mut conversation), "", "the first waits");
    conversation.tell_health(Health::Well);
    let sent = take_sent(&mut conversation);
    let well = "{\"status\":\"ok\"}\n";
    let bodies: Vec<&str> = sent.split("\r\n\r\n").skip(1).collect();
    assert!(bodies[0].starts_with(well) && bodies[1].starts_with("2HTTP"));
    assert!(bodies[2].starts_with(well) && bodies[3] == well);
    let head = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
        Content-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: 16\r\n\r\n";
    assert!(sent.starts_with(head), "{sent}");
}

#[test]
fn what_is_wrong_is_a_503_in_a_sentence_or_a_problem_with_a_code() {
    for (health, sentence) in [
        (Health::Closing, "The server is closing."),
        (Health::NoWorker, "No worker is available."),
    ] {
        let mut plain = Conversation::new(NO_TIMEOUTS);
        plain.arrive(&ask(""));
        plain.tell_health(health);
        let sent = take_sent(&mut plain);
        assert!(sent.starts_with("HTTP/1.1 503 ") && sent.contains("\r\nRetry-After: 1\r\n"));
        assert!(sent.ends_with(&format!("\r\n\r\n{sentence}\n")), "{sent}");
        let mut named = Conversation::with_functions(NO_TIMEOUTS, MUCH);
        named.arrive(&ask(""));
        named.tell_health(health);
        let sent = take_sent(&mut named);
        let detail = format!("\"detail\":\"{sentence}\",\"code\":\"ERR_UNAVAILABLE\"}}");
        assert!(sent.ends_with(&detail), "{sent}");
    }
}

#[test]
fn a_head_is_told_without_a_body() {
    for health in [Health::Well, Health::Closing] {
        let mut conversation = Conversation::new(NO_TIMEOUTS);
        let head = String::from_utf8(ask("")).expect("text");
        conversation.arrive(head.replace("GET", "HEAD").as_bytes());
        conversation.tell_health(health);
        let sent = take_sent(&mut conversation);
        assert!(sent.ends_with("\r\n\r\n") && sent.contains("Content-Length: "));
    }
}

#[test]
fn a_thread_that_does_not_answer_in_time_is_ill() {
    let mut conversation = Conversation::new(TIMEOUTS);
    conversation.arrive(&[ask(""), ask("")].concat());
    conversation.pass(u64::from(TIMEOUTS.handler) - 1);
    assert_eq!(take_sent(&mut conversation), "");
    conversation.pass(1);
    let sent = take_sent(&mut conversation);
    assert_eq!(sent.matches("HTTP/1.1 503 ").count(), 2);
    assert!(sent.ends_with("The JavaScript thread did not answer in time.\n"));
    let counters = conversation.context.counters;
    assert_eq!((counters.handler_timeouts, counters.responses_5xx), (0, 2));
    // Late, it is nobody's any more.
    conversation.tell_health(Health::Well);
    assert_eq!(take_sent(&mut conversation), "");
    conversation.arrive(&ask(""));
    conversation.tell_health(Health::Well);
    assert!(take_sent(&mut conversation).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_connection_that_was_told_that_the_server_closes_is_closed() {
    for (health, status) in [(Health::Closing, "503"), (Health::Well, "200")] {
        let mut conversation = Conversation::new(NO_TIMEOUTS);
        conversation.arrive(&ask(""));
        conversation.drain();
        conversation.tell_health(health);
        let sent = take_sent(&mut conversation);
        assert!(sent.starts_with(&format!("HTTP/1.1 {status} ")), "{sent}");
        assert!(sent.contains("\r\nConnection: close\r\n"));
        assert!(conversation.is_closed());
    }
}

#[test]
fn it_is_no_call_and_finds_no_want_of_room() {
    let mut conversation = Conversation::with_functions(NO_TIMEOUTS, 0);
    conversation.calls_max = 0;
    conversation.arrive(&ask("Content-Length: 3\r\n"));
    conversation.arrive(b"xyz");
    assert_eq!(conversation.connection.calls_waiting(), 0);
    conversation.tell_health(Health::Well);
    assert!(take_sent(&mut conversation).starts_with("HTTP/1.1 200 "));
    assert!(conversation.called_with.is_empty());
}

#[test]
fn a_line_is_not_lent_while_somebody_waits_to_be_told() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.arrive(&ask(""));
    assert!(!conversation.connection.may_lease_socket());
    conversation.tell_health(Health::Well);
    take_sent(&mut conversation);
    assert!(conversation.connection.may_lease_socket());
}
