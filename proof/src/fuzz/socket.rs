//! Requests to a running server: any bytes are answered or the connection ends, and the tasks stay sound.
use codeagent_core::invariants;
use codeagent_server::testing::Desk;

pub(super) const WORDS: &[&str] = &[
    "GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n",
    "POST /v1/tasks HTTP/1.1\r\n",
    "content-type: application/json\r\n",
    "content-length: ",
    "transfer-encoding: chunked\r\n",
    "/v1/tasks/a/retry",
    "/v1/tasks/%00",
    "?state=failed",
    "/v1/stop",
    "{\"text\": \"a\", \"id\": \"a\"}",
    "\"metadata\": {",
    "{\"how\": \"now\"}",
    "\r\n\r\n",
    "0\r\n\r\n",
    "%2e%2e",
    "HTTP/1.0",
    "expect: 100-continue\r\n",
    "connection: keep-alive\r\n",
    "upgrade: h2c\r\n",
    "PATCH ",
];

/// The answer's status line and, where the whole was one request, its body.
pub(super) fn socket(input: &[u8]) {
    let desk = Desk::new().expect("descriptors");
    let answer = desk.answer(input).expect("the connection ends");
    let text = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || text.starts_with("HTTP/1."), "{text:?}");
    for line in text.lines().filter(|line| line.starts_with("HTTP/1.")) {
        assert!(!line.contains(" 500 "), "something panicked: {text:?}");
    }
    assert_eq!(desk.view(invariants::violations), Some(vec![]));
    // One that the desk still answers after it.
    let status =
        desk.answer(b"GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("it answers");
    assert!(status.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&status));
}
