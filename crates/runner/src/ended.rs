//! How an attempt ended, as data.
use std::io;
use std::time::Duration;

/// How the child itself ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// Unknown: SIGKILL did not end it in time (it hangs in the kernel), or someone else reaped it.
    Unknown,
}

/// Why the attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It ran longer than `timeout`; we ended it.
    TimedOut,
    /// It was silent for longer than `idle_timeout`; we ended it.
    IdleTimedOut,
    /// A stop was requested; we ended it.
    Stopped,
    /// By itself, but nobody can say how.
    Unknown,
}

/// What an end means for the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Exit code 0.
    Succeeded,
    /// Anything else that the child has to answer for.
    Failed,
    /// A stop was requested: excused.
    Stopped,
}

impl How {
    /// Success is exit code 0, and nothing else (contract, "Executor").
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Exited(0) => Verdict::Succeeded,
            Self::Stopped => Verdict::Stopped,
            _ => Verdict::Failed,
        }
    }

    /// A stable word for logs and journals: `exited`, `signalled`, `timed_out`, `idle_timed_out`, `stopped`, `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exited(_) => "exited",
            Self::Signalled(_) => "signalled",
            Self::TimedOut => "timed_out",
            Self::IdleTimedOut => "idle_timed_out",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

/// Everything that is known of an attempt after it.
#[derive(Debug)]
pub struct Ended {
    /// Why it ended.
    pub how: How,
    /// How the child itself ended; differs from `how` where we ended it.
    pub exit: Exit,
    /// The last lines of its output (at most 20 of at most 8192 characters, without escapes and controls): to be
    /// cut further after secrets in them are masked.
    pub last_lines: Vec<String>,
    /// Bytes of output, both streams.
    pub bytes_out: u64,
    /// From the start to the end of the child itself.
    pub elapsed: Duration,
    /// Processes besides the child itself that had to be ended.
    pub tree_ended: usize,
    /// Processes that even SIGKILL did not end in 30 s; 0 but for broken disks and drivers.
    pub left_over: usize,
    /// The first error of the sink, after which it was not called again.
    pub sink_error: Option<io::Error>,
}

impl Ended {
    /// What the end means for the task.
    pub fn verdict(&self) -> Verdict {
        self.how.verdict()
    }
}
