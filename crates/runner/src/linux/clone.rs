//! clone3: starts a program as a member of a control group, so that nothing it does comes before that.
//!
//! A program that is moved there once it runs has had time to start others, which stay outside; and the first move after
//! a while takes up to 12 ms, because the kernel waits for all processors. posix_spawn can name a group only since
//! glibc 2.39, and is used wherever this does not come off: no group, another processor, clone3 forbidden.
use std::os::fd::BorrowedFd;

use rustix::process::Pid;

use super::launch::Command;

/// Starts the command as [`launch`](super::launch::launch) does, inside the group of that folder. None where nothing was
/// started; posix_spawn then says why, or does it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn launch_in(group: BorrowedFd<'_>, command: &Command, stdio: [BorrowedFd<'_>; 3]) -> Option<Pid> {
    x86_64::launch_in(group, command, stdio)
}

/// Not written for this processor.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn launch_in(_: BorrowedFd<'_>, _: &Command, _: [BorrowedFd<'_>; 3]) -> Option<Pid> {
    None
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::asm;
    use std::ffi::{c_char, c_int, c_long, c_uint, c_void};
    use std::os::fd::{AsRawFd, BorrowedFd};
    use std::ptr;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    use super::Command;
    use crate::linux::launch::pointers;

    /// Room for the child's few calls before it becomes its program.
    const STACK_BYTES: usize = 64 * 1024;
    /// Of the processor's calling convention.
    const STACK_ALIGNMENT: usize = 16;

    /// In the kernel's own form, which has no room for libc's further bits.
    const SIGNAL_SET_BYTES: usize = 8;
    const SIGNALS: c_int = 64;

    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

    /// `struct clone_args` of clone(2), Linux 5.7.
    #[repr(C)]
    #[derive(Default)]
    struct CloneArgs {
        flags: u64,
        pidfd: u64,
        child_tid: u64,
        parent_tid: u64,
        exit_signal: u64,
        stack: u64,
        stack_size: u64,
        tls: u64,
        set_tid: u64,
        set_tid_size: u64,
        cgroup: u64,
    }

    /// What the child needs, ready to be used: it may not allocate, nor take a lock.
    struct Plan {
        program: *const c_char,
        argv: *const *mut c_char,
        env: *const *mut c_char,
        dir: *const c_char,
        stdio: [c_int; 3],
        /// False also where the child was killed on its way: newer kernels (seen on 6.18) do that where somebody has used
        /// `cgroup.kill` on the group or on ours before, because they take the child for one that slipped through.
        is_program: AtomicBool,
    }

    pub(super) fn launch_in(
        group: BorrowedFd<'_>,
        command: &Command,
        stdio: [BorrowedFd<'_>; 3],
    ) -> Option<Pid> {
        let (argv, env) = (pointers(&command.argv), pointers(&command.env));
        let plan = Plan {
            program: command.program.as_ptr(),
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            dir: command.dir.as_ptr(),
            stdio: stdio.map(|fd| fd.as_raw_fd()),
            is_program: AtomicBool::new(false),
        };
        let mut stack = Vec::<u8>::with_capacity(STACK_BYTES + STACK_ALIGNMENT);
        let bottom = stack.as_mut_ptr();
        let aligned = bottom.align_offset(STACK_ALIGNMENT);
        let args = CloneArgs {
            // As posix_spawn: our memory is shared, and we wait until the child is its program or gone.
            flags: libc::CLONE_VM as u64 | libc::CLONE_VFORK as u64 | CLONE_INTO_CGROUP,
            exit_signal: libc::SIGCHLD as u64,
            stack: (bottom as usize + aligned) as u64,
            stack_size: STACK_BYTES as u64,
            cgroup: u64::try_from(group.as_raw_fd()).ok()?,
            ..CloneArgs::default()
        };
        // A handler of ours must not run in the child: the memory that it would change is ours.
        let before = set_signal_mask(u64::MAX);
        // SAFETY: the stack is as large as it says, aligned, and used by nobody else; all that `plan` points to lives
        // in this frame, which outlives the child's use of it (CLONE_VFORK).
        let pid = unsafe { clone3(&args, become_program, (&raw const plan).cast()) };
        set_signal_mask(before);
        let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)?;
        if !plan.is_program.load(Ordering::SeqCst) {
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
            return None;
        }
        Some(pid)
    }

    /// Of this thread. Not libc's: that leaves two signals of its own out.
    fn set_signal_mask(mask: u64) -> u64 {
        let mut before = 0_u64;
        // SAFETY: both point to a set of that many bytes.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigprocmask,
                libc::SIG_SETMASK,
                &raw const mask,
                &raw mut before,
                SIGNAL_SET_BYTES,
            )
        };
        before
    }

    /// The system call; in the child, which must not return into a frame that is its parent's, `run` on its own stack.
    ///
    /// # Safety
    /// As clone(2) says of `args`; `run` gets `with`, and may only do what is safe after vfork.
    unsafe fn clone3(
        args: &CloneArgs,
        run: unsafe extern "C" fn(*const c_void) -> !,
        with: *const c_void,
    ) -> isize {
        let result: isize;
        // SAFETY: the call keeps all registers but rax, rcx and r11, and the parent's stack; the child leaves this
        // block only into `run`, with the stack aligned and no frame above it.
        unsafe {
            asm!(
                "syscall",
                "test rax, rax",
                "jnz 2f",
                "xor ebp, ebp",
                "mov rdi, {with}",
                "call {run}",
                "ud2",
                "2:",
                run = in(reg) run,
                with = in(reg) with,
                inlateout("rax") libc::SYS_clone3 as isize => result,
                in("rdi") ptr::from_ref(args),
                in("rsi") size_of::<CloneArgs>(),
                out("rcx") _,
                out("r11") _,
            );
        }
        result
    }

    /// What the child does: system calls only.
    ///
    /// # Safety
    /// `plan` points to a [`Plan`] that outlives the child's use of it.
    unsafe extern "C" fn become_program(plan: *const c_void) -> ! {
        // SAFETY: as above.
        let plan = unsafe { &*plan.cast::<Plan>() };
        // SAFETY: the pointers are those of a command that its maker keeps.
        unsafe { prepare_and_exec(plan) };
        plan.is_program.store(false, Ordering::SeqCst);
        loop {
            // SAFETY: it ends this process, and touches nothing.
            unsafe { libc::syscall(libc::SYS_exit, 127) };
        }
    }

    /// Returns where something does not come off.
    ///
    /// # Safety
    /// What `plan` points to is as execve(2) wants it.
    unsafe fn prepare_and_exec(plan: &Plan) {
        // The kernel's `struct sigaction`: SIG_DFL, no flags, no restorer, no mask.
        let default = [0_u64; 4];
        // SAFETY: each call reads what is of the size that it expects, and writes nothing of ours.
        unsafe {
            for signal in 1..=SIGNALS {
                // Refused for SIGKILL and SIGSTOP, which have no other.
                libc::syscall(
                    libc::SYS_rt_sigaction,
                    signal,
                    default.as_ptr(),
                    ptr::null::<c_void>(),
                    SIGNAL_SET_BYTES,
                );
            }
            let is_done = |result: c_long| result >= 0;
            let is_ready = is_done(libc::syscall(libc::SYS_setsid))
                && (0..)
                    .zip(plan.stdio)
                    .all(|(target, fd): (c_int, _)| is_done(libc::syscall(libc::SYS_dup2, fd, target)))
                && is_done(libc::syscall(libc::SYS_chdir, plan.dir))
                && is_done(libc::syscall(libc::SYS_close_range, 3, c_uint::MAX, 0));
            if is_ready {
                set_signal_mask(0);
                plan.is_program.store(true, Ordering::SeqCst);
                libc::syscall(libc::SYS_execve, plan.program, plan.argv, plan.env);
            }
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::ffi::CStr;
    use std::os::fd::AsFd;

    use super::*;

    fn command(program: &CStr) -> Command {
        Command {
            program: program.to_owned(),
            argv: vec![c"sh".to_owned()],
            env: vec![],
            dir: c"/".to_owned(),
        }
    }

    /// What is no group, and a program that is none: nothing was started, and nothing is left of it.
    #[test]
    fn what_does_not_come_off_leaves_nothing() {
        let null = std::fs::File::open("/dev/null").unwrap();
        let stdio = [null.as_fd(); 3];
        assert_eq!(launch_in(null.as_fd(), &command(c"/bin/true"), stdio), None);
        let Some(group) = super::super::cgroup::Cgroup::take() else {
            return; // none can be made here
        };
        assert_eq!(launch_in(group.folder().unwrap(), &command(c"/nonexistent"), stdio), None);
        assert!(group.is_empty() && group.pids().is_empty());
    }
}
