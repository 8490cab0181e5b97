//! The document as typed structs, the way one would read it with serde alone: what our reading is held against.
use serde::Deserialize;

#[derive(Deserialize)]
#[expect(dead_code, reason = "what counts is that it is read")]
pub(super) struct Typed {
    version: String,
    server_state: Server,
    pub(super) tasks: Vec<Task>,
    current_task: Option<String>,
    session_id: Option<String>,
    last_update: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what counts is that it is read")]
struct Server {
    last_start_time: Option<String>,
    last_stop_time: Option<String>,
    iteration_count: u64,
    clean_shutdown: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what counts is that it is read")]
pub(super) struct Task {
    task_id: String,
    task_text: String,
    state: String,
    start_time: Option<String>,
    end_time: Option<String>,
    attempts: u32,
    error_message: Option<String>,
    metadata: serde_json::Map<String, serde_json::Value>,
}
