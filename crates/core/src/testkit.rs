//! Builders for tests, here and in the crates above.
use alloc::sync::Arc;

use crate::{
    command::Command,
    decide,
    id::TaskId,
    invariants,
    refusal::Refusal,
    state::State,
    task::{Origin, Task},
    time::{LocalTime, Now},
};

/// A moment: 2026-01-18, 10:30 local time.
pub fn now() -> Now {
    at(0)
}

/// That moment and so many seconds.
pub fn at(seconds: i64) -> Now {
    let base = jiff::civil::date(2026, 1, 18).at(10, 30, 0, 0);
    let local = base.saturating_add(jiff::SignedDuration::from_secs(seconds));
    Now { local: LocalTime::from_civil(local), unix_ms: 1_768_732_200_000 + seconds * 1_000 }
}

/// An id.
pub fn id(name: &str) -> TaskId {
    TaskId::new(name)
}

/// A pending task of the list whose text names its id.
pub fn task(name: &str) -> Task {
    Task::new(id(name), Arc::from(alloc::format!("Do {name}")), Origin::List)
}

/// A state with pending tasks of those names.
pub fn state(names: &[&str]) -> State {
    State::from_parts(Default::default(), names.iter().map(|name| task(name)), []).unwrap_or_default()
}

/// Decides, applies, and checks that the state is sound.
pub fn act(state: &mut State, command: Command, now: Now) -> Result<(), Refusal> {
    for event in decide(state, command, now)? {
        state.apply(&event);
    }
    let wrong = invariants::violations(state);
    assert!(wrong.is_empty(), "{wrong:?}");
    Ok(())
}
