//! Everything that is particular to Linux: /proc, pidfds, control groups, clone3, posix_spawn's extensions, the subreaper.
pub(crate) mod cgroup;
pub(crate) mod clone;
pub(crate) mod identity;
pub(crate) mod launch;
pub(crate) mod pidfd;
pub(crate) mod procfs;

use std::io;
use std::sync::OnceLock;

/// Prepares this process for children: call it once, early in `main`.
///
/// - SIGPIPE and SIGXFSZ are ignored, so that a closed pipe or a full quota is an error that is handled;
/// - an ignored SIGCHLD (some parents hand that down) gets its default back, else no exit code could be read;
/// - orphans of our children come to us (PR_SET_CHILD_SUBREAPER) instead of escaping to init.
///
/// Children get every signal's default back. [`spawn`](crate::spawn) does the last of these itself.
pub fn init_process() -> io::Result<()> {
    // SAFETY: only constants are installed, no handlers; the pointers are to locals.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let mut now = std::mem::zeroed::<libc::sigaction>();
        if libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
        {
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        }
    }
    crate::tree::look_for_strangers();
    ready()
}

/// What a process must have before it may start children; done once.
pub(crate) fn ready() -> io::Result<()> {
    static READY: OnceLock<Result<(), rustix::io::Errno>> = OnceLock::new();
    let make = || {
        let me = rustix::process::getpid();
        rustix::process::set_child_subreaper(Some(me))?;
        // Linux 5.3: fail here, before anything runs, rather than with a child that cannot be watched.
        rustix::process::pidfd_open(me, rustix::process::PidfdFlags::empty()).map(drop)
    };
    READY.get_or_init(make).map_err(io::Error::from)
}
