//! The pipes of an attempt: output to the sink, input to the child, in bounded memory.
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, fcntl_dupfd_cloexec, ioctl_fionbio};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::spec::Stdin;
use crate::tail::Tail;

/// Bytes that are read at once, until a child fills them: most print little.
const SMALL_BUFFER_BYTES: usize = 8 * 1024;
/// What the kernel's pipe holds, and is read at once then; both together are all that waits in memory.
const BUFFER_BYTES: usize = 64 * 1024;
/// The same for a child that prints faster than we look, so that neither waits for each 64 KiB of the other.
const LARGE_BUFFER_BYTES: usize = 256 * 1024;
/// What the kernel's pipe holds then: the most that it gives to everybody.
const LARGE_PIPE_BYTES: usize = 1024 * 1024;

/// Reads of one stream after the end of the child, so that a stranger who writes without end can't hold us.
const MAX_LAST_READS: usize = 32;

/// Which output a chunk came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Where the output of an attempt goes.
pub trait Output {
    /// Takes the next bytes of a stream, at most 256 KiB. While this blocks the child's output waits, so its
    /// time-outs are looked at late. After an error it is not called again; the child goes on.
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()>;

    /// When [`rest`](Self::rest) is to be called, if nothing comes before.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// For what was put off.
    fn rest(&mut self) {}
}

impl<F: FnMut(Stream, &[u8]) -> io::Result<()>> Output for F {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self(stream, bytes)
    }
}

/// Our ends of the pipes.
#[derive(Debug)]
pub(crate) struct OurEnds {
    outputs: [OwnedFd; 2],
    input: Option<Feed>,
}

/// What the child gets as 0, 1 and 2.
pub(crate) struct TheirEnds([OwnedFd; 3]);

impl TheirEnds {
    pub(crate) fn stdio(&self) -> [BorrowedFd<'_>; 3] {
        self.0.each_ref().map(AsFd::as_fd)
    }
}

/// Makes the pipes of an attempt, all close-on-exec. Ours do not block; theirs do, as programs expect.
pub(crate) fn pipes(stdin: Stdin) -> io::Result<(OurEnds, TheirEnds)> {
    let (out, their_out) = pipe_with(PipeFlags::CLOEXEC)?;
    let (err, their_err) = pipe_with(PipeFlags::CLOEXEC)?;
    let (input, their_in) = match stdin {
        Stdin::Null => (None, open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?),
        Stdin::Bytes(bytes) => {
            let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
            ioctl_fionbio(&ours, true)?;
            (Some(Feed { fd: ours, bytes, sent: 0 }), theirs)
        }
    };
    ioctl_fionbio(&out, true)?;
    ioctl_fionbio(&err, true)?;
    let theirs = TheirEnds([above_stdio(their_in)?, above_stdio(their_out)?, above_stdio(their_err)?]);
    Ok((OurEnds { outputs: [out, err], input }, theirs))
}

/// A process that closed its own 0, 1 or 2 gets them as pipes; as such they would be overwritten one by the other.
fn above_stdio(fd: OwnedFd) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    if fd.as_raw_fd() > 2 { Ok(fd) } else { Ok(fcntl_dupfd_cloexec(&fd, 3)?) }
}

/// Bytes on their way to the child's standard input.
#[derive(Debug)]
struct Feed {
    fd: OwnedFd,
    bytes: Vec<u8>,
    sent: usize,
}

impl Feed {
    /// Writes what fits. False when it is over: all is sent, or the child reads no more.
    fn write(&mut self) -> bool {
        match rustix::io::write(&self.fd, &self.bytes[self.sent..]) {
            Ok(count) => {
                self.sent += count;
                self.sent < self.bytes.len()
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            // EPIPE: a child that does not want its input is no error.
            Err(_) => false,
        }
    }
}

/// Moves bytes between an attempt and its sink.
pub(crate) struct Pump<'a> {
    outputs: [Option<OwnedFd>; 2],
    input: Option<Feed>,
    sink: &'a mut dyn Output,
    buffer: Box<[u8]>,
    enlarged: [bool; 2],
    tail: Tail,
    last_byte: Instant,
    bytes_out: u64,
    sink_error: Option<io::Error>,
}

/// What a pump gathered.
pub(crate) struct Pumped {
    pub(crate) last_lines: Vec<String>,
    pub(crate) bytes_out: u64,
    pub(crate) sink_error: Option<io::Error>,
}

impl<'a> Pump<'a> {
    pub(crate) fn new(ends: OurEnds, sink: &'a mut dyn Output, started: Instant) -> Self {
        Self {
            outputs: ends.outputs.map(Some),
            // Nothing to send: end of file at once.
            input: ends.input.filter(|feed| !feed.bytes.is_empty()),
            sink,
            buffer: vec![0; SMALL_BUFFER_BYTES].into_boxed_slice(),
            enlarged: [false; 2],
            tail: Tail::default(),
            last_byte: started,
            bytes_out: 0,
            sink_error: None,
        }
    }

    /// What to poll for: standard output, standard error, standard input.
    pub(crate) fn wanted(&self) -> [Option<PollFd<'_>>; 3] {
        let [out, err] =
            self.outputs.each_ref().map(|fd| fd.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        [out, err, self.input.as_ref().map(|feed| PollFd::new(&feed.fd, PollFlags::OUT))]
    }

    /// Serves what poll found ready, in the order of [`wanted`](Self::wanted); one read for each stream, so that
    /// none starves the other.
    pub(crate) fn serve(&mut self, ready: [bool; 3]) {
        for stream in [0, 1] {
            if ready[stream] {
                self.read(stream);
            }
        }
        if ready[2] {
            self.input = self.input.take().and_then(|mut feed| feed.write().then_some(feed));
        }
        if self.due().is_some_and(|due| Instant::now() >= due) {
            self.sink.rest();
        }
    }

    /// When the sink wants to be called though nothing comes.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.sink.due()
    }

    /// When the last byte came, or the attempt started.
    pub(crate) fn last_byte(&self) -> Instant {
        self.last_byte
    }

    /// Whether anybody still holds one of the outputs open.
    pub(crate) fn has_writers(&self) -> bool {
        self.outputs.iter().any(Option::is_some)
    }

    /// Reads what is there, waits for nothing, and closes the pipes.
    pub(crate) fn finish(mut self) -> Pumped {
        for stream in [0, 1] {
            let mut reads = 0;
            while reads < MAX_LAST_READS && self.read(stream) {
                reads += 1;
            }
        }
        Pumped { last_lines: self.tail.into_lines(), bytes_out: self.bytes_out, sink_error: self.sink_error }
    }

    /// One read. False when there was nothing to read, or nothing will come any more.
    fn read(&mut self, stream: usize) -> bool {
        let Some(fd) = &self.outputs[stream] else { return false };
        let count = match rustix::io::read(fd, &mut self.buffer[..]) {
            Ok(count) => count,
            Err(Errno::INTR) => return true,
            Err(Errno::AGAIN) => return false,
            Err(_) => 0,
        };
        if count == 0 {
            self.outputs[stream] = None;
            return false;
        }
        if count >= BUFFER_BYTES {
            self.enlarge_pipe(stream);
        }
        self.take(stream, count);
        if count == self.buffer.len() {
            self.enlarge_buffer();
        }
        true
    }

    /// The child filled its pipe: it goes on while we look at what it printed. Quiet ones, which are most, cost
    /// nothing of this.
    fn enlarge_pipe(&mut self, stream: usize) {
        if let Some(fd) = &self.outputs[stream]
            && !std::mem::replace(&mut self.enlarged[stream], true)
        {
            // Refused where the user has too many large ones: it is slower then, no more.
            let _ = fcntl_setpipe_size(fd, LARGE_PIPE_BYTES);
        }
    }

    fn enlarge_buffer(&mut self) {
        let bytes = if self.buffer.len() < BUFFER_BYTES { BUFFER_BYTES } else { LARGE_BUFFER_BYTES };
        if self.buffer.len() < bytes {
            self.buffer = vec![0; bytes].into_boxed_slice();
        }
    }

    fn take(&mut self, stream: usize, count: usize) {
        let bytes = &self.buffer[..count];
        self.bytes_out += count as u64;
        self.tail.push(stream, bytes);
        if self.sink_error.is_none() {
            let name = if stream == 0 { Stream::Stdout } else { Stream::Stderr };
            self.sink_error = self.sink.chunk(name, bytes).err();
        }
        // After the sink: time that it took is not the child's silence.
        self.last_byte = Instant::now();
    }
}
