//! Runs the program under ptrace(2), counts what it does to the disk, and breaks one call of them all.
//!
//! Not strace: its counters are one for each thread, so that the calls of the thread that writes snapshots could not be
//! reached beside those of the engine, and it knows neither short writes nor a kill in the middle of one. Here all
//! threads share one counter, children are not followed at all, and calls on files outside the folder don't count.
use std::{
    collections::HashMap,
    ffi::OsString,
    fs, io,
    os::unix::{ffi::OsStringExt, fs::FileExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    time::Duration,
};

use libc::{c_int, c_long, pid_t};

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL to the process before it.
    KillBefore,
    /// Half of the bytes are written, then SIGKILL; before it where it is no write.
    KillHalfway,
    /// It fails with that errno and does nothing.
    Errno(c_int),
    /// It and every later call of its class fail so: a disk that stays full.
    ErrnoFromThenOn(c_int),
    /// Half of the bytes are written, and the call says so; nothing happens where it is no write.
    Short,
}

impl Fault {
    /// Whether it is another one than its neighbours at this call.
    pub(crate) fn fits(self, call: &Call) -> bool {
        call.is_write || !matches!(self, Self::Short | Self::KillHalfway)
    }
}

/// Which calls count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// What changes the disk or makes it durable.
    Changes,
    /// What looks at it.
    Looks,
}

/// One call that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// Relative to the folder.
    pub(crate) path: PathBuf,
    pub(crate) is_write: bool,
}

/// What to do, where, and how long to wait for the end.
pub(crate) struct Plan<'a> {
    /// Only calls on files in it count.
    pub(crate) root: &'a Path,
    pub(crate) class: Class,
    /// The call with this number, from 1, and what happens there; none: only count.
    pub(crate) fault: Option<(usize, Fault)>,
    pub(crate) patience: Duration,
}

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// Exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Every call that counted, in order.
    pub(crate) calls: Vec<Call>,
    /// Whether the fault was reached.
    pub(crate) hit: bool,
    /// It had to be ended because it did not end.
    pub(crate) stuck: bool,
}

impl Traced {
    /// The call that was broken.
    pub(crate) fn broken_call(&self, fault: Option<(usize, Fault)>) -> Option<&Call> {
        fault.filter(|_| self.hit).and_then(|(at, _)| self.calls.get(at - 1))
    }
}

/// Whether this machine lets us: containers may forbid it.
pub(crate) fn try_out(scratch: &Path) -> io::Result<()> {
    let plan = Plan { root: scratch, class: Class::Looks, fault: None, patience: Duration::from_secs(10) };
    let traced = run(Command::new("true").current_dir(scratch), &plan)?;
    if traced.code == Some(0) { Ok(()) } else { Err(io::Error::other(format!("{traced:?}"))) }
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command, plan: &Plan<'_>) -> io::Result<Traced> {
    // SAFETY: ptrace(PTRACE_TRACEME) is a system call that needs nothing of the memory that fork shared.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    let leader = command.spawn()?.id().cast_signed(); // the tracer waits for it, and for its threads
    let (ended, watched) = mpsc::channel::<()>();
    let patience = plan.patience;
    let watchdog = std::thread::spawn(move || {
        let late = watched.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout);
        if late {
            kill(leader);
        }
        late
    });
    let mut tracer = Tracer { leader, plan, doing: HashMap::new(), traced: Traced::default() };
    let led = tracer.lead();
    drop(ended);
    let mut traced = tracer.traced;
    traced.stuck = watchdog.join().unwrap_or(false);
    led.map(|()| traced)
}

struct Tracer<'a> {
    leader: pid_t,
    plan: &'a Plan<'a>,
    /// What is to be done when the call that a thread is in comes back.
    doing: HashMap<pid_t, OnReturn>,
    traced: Traced,
}

enum OnReturn {
    Kill,
    Answer(c_int),
    /// The register that held the length of a write gets it back.
    Restore(u64),
}

/// Offsets of registers in `user`, as PTRACE_POKEUSER takes them (x86-64).
const RDX: usize = 12 * 8;
const RAX: usize = 10 * 8;
const ORIG_RAX: usize = 15 * 8;

impl Tracer<'_> {
    fn lead(&mut self) -> io::Result<()> {
        let mut has_begun = false;
        loop {
            let mut status: c_int = 0;
            // SAFETY: status is ours. Only children and tracees of this thread are waited for.
            let thread = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::__WNOTHREAD) };
            if thread < 0 {
                return Err(io::Error::last_os_error());
            }
            if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
                if thread == self.leader {
                    self.traced.code = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
                    return Ok(());
                }
                continue;
            }
            let mut pass_on = 0;
            match libc::WSTOPSIG(status) {
                signal if signal == libc::SIGTRAP | 0x80 => self.at_call(thread),
                libc::SIGTRAP if !has_begun => {
                    has_begun = true;
                    // Only threads are followed: a child made by vfork or fork is of another kind to the kernel.
                    let options =
                        libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
                    ptrace(libc::PTRACE_SETOPTIONS, thread, 0, u64::from(options.cast_unsigned()));
                }
                libc::SIGTRAP => {}
                libc::SIGSTOP => {} // a new thread begins so
                signal => pass_on = signal,
            }
            ptrace(libc::PTRACE_SYSCALL, thread, 0, u64::from(pass_on.cast_unsigned()));
        }
    }

    fn at_call(&mut self, thread: pid_t) {
        let Some(info) = call_info(thread) else { return };
        match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                // SAFETY: the kernel filled this part of the union, as op says.
                let entry = unsafe { info.u.entry };
                self.enters(thread, entry.nr, entry.args);
            }
            libc::PTRACE_SYSCALL_INFO_EXIT => match self.doing.remove(&thread) {
                Some(OnReturn::Kill) => kill(self.leader),
                Some(OnReturn::Answer(errno)) => poke(thread, RAX, (-i64::from(errno)).cast_unsigned()),
                Some(OnReturn::Restore(length)) => poke(thread, RDX, length),
                None => {}
            },
            _ => {}
        }
    }

    fn enters(&mut self, thread: pid_t, number: u64, args: [u64; 6]) {
        let Some(kind) = kind_of(number, args) else { return };
        if kind.class != self.plan.class {
            return;
        }
        let Some(path) = self.path_of(thread, kind.place, args) else { return };
        self.traced.calls.push(Call { name: kind.name, path, is_write: kind.is_write });
        let at = self.traced.calls.len();
        let Some((chosen, fault)) = self.plan.fault else { return };
        let is_it = at == chosen || (at > chosen && matches!(fault, Fault::ErrnoFromThenOn(_)));
        if is_it && (kind.is_write || fault != Fault::Short) {
            self.traced.hit = true;
            self.break_it(thread, fault, kind.is_write.then_some(args[2]));
        }
    }

    fn break_it(&mut self, thread: pid_t, fault: Fault, length: Option<u64>) {
        match (fault, length.filter(|length| *length > 1)) {
            (Fault::KillHalfway, Some(length)) => {
                poke(thread, RDX, length / 2);
                self.doing.insert(thread, OnReturn::Kill);
            }
            (Fault::KillBefore | Fault::KillHalfway, _) => {
                poke(thread, ORIG_RAX, u64::MAX); // no call has this number: nothing happens on the way out either
                kill(self.leader);
            }
            (Fault::Errno(errno) | Fault::ErrnoFromThenOn(errno), _) => {
                poke(thread, ORIG_RAX, u64::MAX);
                self.doing.insert(thread, OnReturn::Answer(errno));
            }
            (Fault::Short, Some(length)) => {
                poke(thread, RDX, length / 2);
                self.doing.insert(thread, OnReturn::Restore(length));
            }
            (Fault::Short, None) => {}
        }
    }

    /// The file that the call is about, if it lies in the folder.
    fn path_of(&self, thread: pid_t, place: Place, args: [u64; 6]) -> Option<PathBuf> {
        let path = match place {
            Place::Descriptor => fs::read_link(format!("/proc/{thread}/fd/{}", args[0])).ok()?,
            Place::Path(at) => match text_at(thread, args[at]).ok()? {
                // An empty one means the descriptor before it.
                empty if empty.as_os_str().is_empty() => {
                    return self.path_of(thread, Place::Descriptor, args);
                }
                path => path,
            },
        };
        if path.is_relative() {
            // The program runs in the folder; pipes and sockets have names like `pipe:[1]`.
            return matches!(place, Place::Path(_)).then_some(path);
        }
        path.strip_prefix(self.plan.root).ok().map(Path::to_owned)
    }
}

#[derive(Clone, Copy)]
enum Place {
    /// The first argument is a descriptor.
    Descriptor,
    /// That argument is a path.
    Path(usize),
}

struct Kind {
    name: &'static str,
    class: Class,
    place: Place,
    is_write: bool,
}

/// What a call does, by its number; none for what does not touch files.
fn kind_of(number: u64, args: [u64; 6]) -> Option<Kind> {
    use Place::{Descriptor, Path};
    let number = c_long::try_from(number).ok()?;
    let kind = |name, class, place| Some(Kind { name, class, place, is_write: false });
    let changes = |name, place| kind(name, Class::Changes, place);
    let looks = |name, place| kind(name, Class::Looks, place);
    let makes = |flags: u64| flags & (libc::O_CREAT | libc::O_TRUNC).cast_unsigned() as u64 != 0;
    match number {
        libc::SYS_write => Some(Kind { is_write: true, ..changes("write", Descriptor)? }),
        libc::SYS_pwrite64 => Some(Kind { is_write: true, ..changes("pwrite64", Descriptor)? }),
        libc::SYS_writev => changes("writev", Descriptor),
        libc::SYS_pwritev => changes("pwritev", Descriptor),
        libc::SYS_pwritev2 => changes("pwritev2", Descriptor),
        libc::SYS_fsync => changes("fsync", Descriptor),
        libc::SYS_fdatasync => changes("fdatasync", Descriptor),
        libc::SYS_fallocate => changes("fallocate", Descriptor),
        libc::SYS_ftruncate => changes("ftruncate", Descriptor),
        libc::SYS_truncate => changes("truncate", Path(0)),
        libc::SYS_fchmod => changes("fchmod", Descriptor),
        libc::SYS_rename => changes("rename", Path(0)),
        libc::SYS_renameat => changes("renameat", Path(1)),
        libc::SYS_renameat2 => changes("renameat2", Path(1)),
        libc::SYS_link => changes("link", Path(0)),
        libc::SYS_linkat => changes("linkat", Path(1)),
        libc::SYS_symlink => changes("symlink", Path(1)),
        libc::SYS_unlink => changes("unlink", Path(0)),
        libc::SYS_unlinkat => changes("unlinkat", Path(1)),
        libc::SYS_mkdir => changes("mkdir", Path(0)),
        libc::SYS_mkdirat => changes("mkdirat", Path(1)),
        libc::SYS_rmdir => changes("rmdir", Path(0)),
        libc::SYS_chmod => changes("chmod", Path(0)),
        libc::SYS_open if makes(args[1]) => changes("open", Path(0)),
        libc::SYS_openat if makes(args[2]) => changes("openat", Path(1)),
        libc::SYS_open => looks("open", Path(0)),
        libc::SYS_openat => looks("openat", Path(1)),
        libc::SYS_read => looks("read", Descriptor),
        libc::SYS_pread64 => looks("pread64", Descriptor),
        libc::SYS_getdents64 => looks("getdents64", Descriptor),
        libc::SYS_stat => looks("stat", Path(0)),
        libc::SYS_fstat => looks("fstat", Descriptor),
        libc::SYS_newfstatat => looks("newfstatat", Path(1)),
        libc::SYS_statx => looks("statx", Path(1)),
        libc::SYS_statfs => looks("statfs", Path(0)),
        libc::SYS_flock => looks("flock", Descriptor),
        _ => None,
    }
}

fn call_info(thread: pid_t) -> Option<libc::ptrace_syscall_info> {
    // SAFETY: all zeroes is a value of this plain C structure.
    let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::ptrace_syscall_info>();
    // SAFETY: the kernel writes at most `size` bytes to it.
    let told = unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, thread, size, &raw mut info) };
    (told > 0).then_some(info)
}

fn text_at(thread: pid_t, address: u64) -> io::Result<PathBuf> {
    let memory = fs::File::open(format!("/proc/{thread}/mem"))?;
    let mut text = vec![0; 4096];
    let read = memory.read_at(&mut text, address)?; // less than asked for where the next page is none
    let end = text[..read].iter().position(|byte| *byte == 0).ok_or(io::ErrorKind::InvalidData)?;
    text.truncate(end);
    Ok(OsString::from_vec(text).into())
}

/// Errors are left out of account on purpose: a thread that was killed meanwhile can't be asked or changed.
fn ptrace(request: libc::c_uint, thread: pid_t, address: usize, data: u64) {
    // SAFETY: none of the requests that are made here writes to our memory.
    unsafe { libc::ptrace(request, thread, address, data) };
}

fn poke(thread: pid_t, register: usize, value: u64) {
    ptrace(libc::PTRACE_POKEUSER, thread, register, value);
}

fn kill(process: pid_t) {
    // SAFETY: a system call. The process is our child and not yet waited for, so that the number is its own.
    unsafe { libc::kill(process, libc::SIGKILL) };
}
