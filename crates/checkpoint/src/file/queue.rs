//! Group commit: of several callers one leads, and commits for all that came while the one before it was at work.
//!
//! A caller that is alone pays two uncontended locks and no hand-off to another thread.
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU8, Ordering},
};
use std::thread::Thread;

use codeagent_core::{Command, Now};

use crate::store::{Decided, StoreError};

/// What one caller wants.
pub(crate) struct Request {
    pub(crate) commands: Vec<Command>,
    pub(crate) now: Now,
    pub(crate) until: Until,
}

/// When what a request changes is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Until {
    /// Before it is answered.
    Answered,
    /// Before anybody sees it who does not ask to look ahead.
    Seen,
    /// With what comes after it; a power cut may take it.
    Later,
}

/// What it gets.
pub(crate) type Answer = Result<Vec<Decided>, StoreError>;

/// A caller that waits.
struct Call {
    request: Mutex<Option<Request>>,
    answer: Mutex<Option<Answer>>,
    signal: AtomicU8,
    thread: Thread,
}

const WAIT: u8 = 0;
const LEAD: u8 = 1;
const DONE: u8 = 2;

#[derive(Default)]
pub(crate) struct Queue(Mutex<Line>);

#[derive(Default)]
struct Line {
    waiting: Vec<Arc<Call>>,
    is_led: bool,
}

impl Queue {
    /// Has the request answered by `commit`: here, together with those of others, or by another caller.
    ///
    /// `commit` gives one answer for each request, in their order.
    pub(crate) fn run(&self, request: Request, commit: impl Fn(Vec<Request>) -> Vec<Answer>) -> Answer {
        let mut line = lock(&self.0);
        if !line.is_led {
            line.is_led = true;
            drop(line);
            return self.lead(request, commit);
        }
        let call = Arc::new(Call {
            request: Mutex::new(Some(request)),
            answer: Mutex::new(None),
            signal: AtomicU8::new(WAIT),
            thread: std::thread::current(),
        });
        line.waiting.push(Arc::clone(&call));
        drop(line);
        loop {
            match call.signal.load(Ordering::Acquire) {
                DONE => return lock(&call.answer).take().unwrap_or(Err(StoreError::Closed)),
                LEAD => match lock(&call.request).take() {
                    Some(request) => return self.lead(request, commit),
                    None => return Err(StoreError::Closed),
                },
                _ => std::thread::park(),
            }
        }
    }

    fn lead(&self, own: Request, commit: impl Fn(Vec<Request>) -> Vec<Answer>) -> Answer {
        let followers = std::mem::take(&mut lock(&self.0).waiting);
        // Whatever happens in `commit`, a panic too: the followers are answered and someone leads on.
        let led = Led { queue: self, followers };
        let mut requests = Vec::with_capacity(1 + led.followers.len());
        requests.push(own);
        requests.extend(led.followers.iter().filter_map(|call| lock(&call.request).take()));
        let mut answers = commit(requests).into_iter();
        let own = answers.next().unwrap_or(Err(StoreError::Closed));
        for (call, answer) in led.followers.iter().zip(answers) {
            *lock(&call.answer) = Some(answer);
        }
        own
    }
}

/// A group that is being committed.
struct Led<'q> {
    queue: &'q Queue,
    followers: Vec<Arc<Call>>,
}

impl Drop for Led<'_> {
    fn drop(&mut self) {
        // The next leader first: it writes while the others wake up.
        let mut line = lock(&self.queue.0);
        match line.waiting.is_empty() {
            true => line.is_led = false,
            false => line.waiting.remove(0).wake(LEAD),
        }
        drop(line);
        self.followers.iter().for_each(|call| call.wake(DONE));
    }
}

impl Call {
    fn wake(&self, signal: u8) {
        self.signal.store(signal, Ordering::Release);
        self.thread.unpark();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use codeagent_core::testkit;

    use super::*;

    fn request() -> Request {
        Request { commands: Vec::new(), now: testkit::now(), until: Until::Answered }
    }

    #[test]
    fn every_caller_is_answered_and_one_commits_at_a_time() {
        let queue = Queue::default();
        let (inside, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let answer = queue.run(request(), |requests| {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            std::thread::yield_now();
                            inside.fetch_sub(1, Ordering::SeqCst);
                            requests.iter().map(|_| Ok(Vec::new())).collect()
                        });
                        answer.unwrap();
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(answered.into_inner(), 4000);
    }

    #[test]
    fn a_panic_of_the_leader_strands_nobody() {
        let queue = Arc::new(Queue::default());
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || {
                    let mut round = 0;
                    // The first one comes until it leads: at the latest once the others are gone.
                    while n == 0 || round < 200 {
                        let _ = queue.run(request(), |requests| {
                            assert!(n != 0 || round < 50, "planned");
                            requests.iter().map(|_| Ok(Vec::new())).collect()
                        });
                        round += 1;
                    }
                })
            })
            .collect();
        let ended: Vec<_> = threads.into_iter().map(|thread| thread.join().is_ok()).collect();
        assert_eq!(ended, [false, true, true, true]);
    }
}
