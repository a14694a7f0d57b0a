//! Conversations that ask for the server's health: which answer comes, and when.

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

/// The bytes sent so far, which are removed.
fn take_sent(conversation: &mut Conversation) -> String {
    conversation.send(usize::MAX);
    let sent = std::mem::take(&mut conversation.sent);
    String::from_utf8(sent).expect("text")
}

#[test]
fn health_answers_wait_until_it_is_known_and_keep_their_order() {
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
fn ill_health_is_503_with_a_sentence_or_a_problem_with_a_code() {
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
fn a_head_request_gets_the_health_without_content() {
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
fn a_javascript_thread_that_answers_too_late_is_reported_with_503() {
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
    // The late answer belongs to no request any more.
    conversation.tell_health(Health::Well);
    assert_eq!(take_sent(&mut conversation), "");
    conversation.arrive(&ask(""));
    conversation.tell_health(Health::Well);
    assert!(take_sent(&mut conversation).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_health_answer_of_a_closing_server_closes_the_connection() {
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
fn a_health_request_is_not_a_call_and_needs_no_room() {
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
fn a_socket_is_not_leased_while_a_health_request_waits() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.arrive(&ask(""));
    assert!(!conversation.connection.may_lease_socket());
    conversation.tell_health(Health::Well);
    take_sent(&mut conversation);
    assert!(conversation.connection.may_lease_socket());
}
