//! Mounts that only one thread and its children see, and that go with them.
use std::{
    io,
    process::{Command, Stdio},
};

/// From now on this thread and what it starts see mounts that nobody else sees.
pub(crate) fn own_mounts() -> io::Result<()> {
    // SAFETY: a system call without memory; only this thread changes.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the strings are constants; null is allowed for the others, as mount(2) says.
    let done =
        unsafe { libc::mount(c"none".as_ptr(), c"/".as_ptr(), std::ptr::null(), flags, std::ptr::null()) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Runs a tool of the system; what it says on failure is the error.
pub(crate) fn done(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{}: {}", command.get_program().display(), said.trim())))
}
