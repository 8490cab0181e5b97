//! posix_spawn: starts a program in a session of its own, with three descriptors and nothing else of ours.
//!
//! Not fork with a hook before exec: that copies page tables, and takes 18 ms at 500 MB of memory instead of 0.9.
use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::process::Pid;

/// A command in the form that exec takes.
#[derive(Debug)]
pub(crate) struct Command {
    /// The path of the program; it was looked up before.
    pub(crate) program: CString,
    pub(crate) argv: Vec<CString>,
    /// `NAME=VALUE`, all of them.
    pub(crate) env: Vec<CString>,
    pub(crate) dir: CString,
}

/// Starts the command: new session, default handling of all signals, none blocked, `stdio` as 0, 1, 2, everything else
/// closed. The descriptors in `stdio` must be 3 or higher. An error means that nothing was started.
pub(crate) fn launch(command: &Command, stdio: [BorrowedFd<'_>; 3]) -> io::Result<Pid> {
    let attributes = Attributes::new()?;
    let actions = Actions::new(stdio, &command.dir)?;
    let argv = pointers(&command.argv);
    let env = pointers(&command.env);
    let mut pid = 0;
    // SAFETY: all pointers are to live values of this frame, the lists end with a null pointer, and posix_spawn
    // keeps none of them.
    check(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            command.program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            argv.as_ptr(),
            env.as_ptr(),
        )
    })?;
    Pid::from_raw(pid).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

pub(super) fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// posix_spawn's functions return the error number.
fn check(errno: c_int) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: init fills the value; only after that it is taken as initialized.
        let mut new = unsafe {
            check(libc::posix_spawnattr_init(raw.as_mut_ptr()))?;
            Self(raw.assume_init())
        };
        new.fill()?;
        Ok(new)
    }

    fn fill(&mut self) -> io::Result<()> {
        let flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        let flags = i16::try_from(flags).unwrap_or_default() | libc::POSIX_SPAWN_SETSID;
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: a set is plain bits, all written before it is read; `self.0` is initialized.
        unsafe {
            // Not sigfillset: it leaves out glibc's two internal signals, and posix_spawn would ignore them for good.
            set.as_mut_ptr().write_bytes(0xff, 1);
            libc::sigdelset(set.as_mut_ptr(), libc::SIGKILL);
            libc::sigdelset(set.as_mut_ptr(), libc::SIGSTOP);
            check(libc::posix_spawnattr_setsigdefault(&raw mut self.0, set.as_ptr()))?;
            libc::sigemptyset(set.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(&raw mut self.0, set.as_ptr()))?;
            check(libc::posix_spawnattr_setflags(&raw mut self.0, flags))
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(stdio: [BorrowedFd<'_>; 3], dir: &CStr) -> io::Result<Self> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: init fills the value; only after that it is taken as initialized.
        let mut new = unsafe {
            check(libc::posix_spawn_file_actions_init(raw.as_mut_ptr()))?;
            Self(raw.assume_init())
        };
        for (target, fd) in (0..).zip(stdio) {
            // SAFETY: `new.0` is initialized.
            check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut new.0, fd.as_raw_fd(), target) })?;
        }
        // SAFETY: `new.0` is initialized; the path is copied.
        check(unsafe { libc::posix_spawn_file_actions_addchdir_np(&raw mut new.0, dir.as_ptr()) })?;
        new.close_the_rest()?;
        Ok(new)
    }

    /// Closes what is not close-on-exec (a descriptor that somebody handed down to us), where libc can (glibc 2.34).
    fn close_the_rest(&mut self) -> io::Result<()> {
        type AddCloseFrom = unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, c_int) -> c_int;
        // SAFETY: the name ends with NUL.
        let symbol =
            unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"posix_spawn_file_actions_addclosefrom_np".as_ptr()) };
        if symbol.is_null() {
            return Ok(());
        }
        // SAFETY: a symbol of this name has this type; `self.0` is initialized.
        check(unsafe {
            let add = std::mem::transmute::<*mut libc::c_void, AddCloseFrom>(symbol);
            add(&raw mut self.0, 3)
        })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}
