//! Wakes who waits for a change of the lists, without polling: a descriptor that becomes readable (inotify).
//!
//! Only Linux has it; elsewhere [`Watch::new`] is an error of kind `Unsupported`, and the caller looks at
//! [`TodoList::changed`](super::TodoList::changed) when it wakes for other reasons.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::TodoPlaces;

#[cfg(not(target_os = "linux"))]
pub use other::Watch;

#[cfg(target_os = "linux")]
pub use linux::Watch;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::ffi::OsString;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStringExt;
    use std::path::PathBuf;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

    use super::super::find::candidates;
    use super::{AsFd, BorrowedFd, TodoPlaces, io};

    /// Watches the folders of the lists, and those that symbolic links lead to.
    #[derive(Debug)]
    pub struct Watch {
        inotify: OwnedFd,
        places: TodoPlaces,
        /// Names of lists, of folders that hold lists and of link targets: other names in these folders don't matter.
        names: HashSet<OsString>,
    }

    impl Watch {
        /// Begins to watch. Folders that do not exist yet are watched once they do.
        ///
        /// # Errors
        /// Those of the system, for example when the user's inotify watches are used up.
        pub fn new(places: &TodoPlaces) -> io::Result<Self> {
            let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            let mut watch = Self { inotify, places: places.clone(), names: HashSet::new() };
            watch.add_folders()?;
            Ok(watch)
        }

        fn add_folders(&mut self) -> io::Result<()> {
            let mut folders: HashSet<PathBuf> = HashSet::from([self.places.project_dir.clone()]);
            for path in candidates(&self.places) {
                let real = path.canonicalize().ok();
                for path in real.into_iter().chain([path]) {
                    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { continue };
                    self.names.insert(name.to_owned());
                    self.names.extend(folder.file_name().map(ToOwned::to_owned));
                    folders.insert(folder.to_owned());
                }
            }
            let flags = WatchFlags::CLOSE_WRITE
                | WatchFlags::MODIFY
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVE
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF
                | WatchFlags::ONLYDIR;
            for folder in folders {
                match inotify::add_watch(&self.inotify, &folder, flags) {
                    Ok(_) => {}
                    Err(error) if error == rustix::io::Errno::NOENT || error == rustix::io::Errno::NOTDIR => {
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        }

        /// Takes all events that have come in, and tells whether a list may have changed. Never waits.
        ///
        /// # Errors
        /// Those of the system.
        pub fn drain(&mut self) -> io::Result<bool> {
            let mut changed = false;
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => {
                        let ours = event.file_name().is_none_or(|name| {
                            self.names.contains(&OsString::from_vec(name.to_bytes().to_vec()))
                        });
                        changed |= ours && event.events() != ReadFlags::IGNORED;
                    }
                    Err(rustix::io::Errno::AGAIN) => break,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if changed {
                // A folder may have come, or a link may lead elsewhere now.
                self.add_folders()?;
            }
            Ok(changed)
        }
    }

    impl AsFd for Watch {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.inotify.as_fd()
        }
    }

    impl std::os::fd::AsRawFd for Watch {
        fn as_raw_fd(&self) -> std::os::fd::RawFd {
            std::os::fd::AsRawFd::as_raw_fd(&self.inotify)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{AsFd, BorrowedFd, TodoPlaces, io};

    /// Watching is not possible on this system.
    #[derive(Debug)]
    pub struct Watch(std::os::fd::OwnedFd);

    impl Watch {
        /// Is not possible on this system.
        ///
        /// # Errors
        /// Always `Unsupported`.
        pub fn new(_places: &TodoPlaces) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Nothing ever comes in.
        ///
        /// # Errors
        /// None.
        pub fn drain(&mut self) -> io::Result<bool> {
            Ok(false)
        }
    }

    impl AsFd for Watch {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    impl std::os::fd::AsRawFd for Watch {
        fn as_raw_fd(&self) -> std::os::fd::RawFd {
            std::os::fd::AsRawFd::as_raw_fd(&self.0)
        }
    }
}
