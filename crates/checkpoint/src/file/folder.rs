//! The folder that holds a store: made 0700, and hidden from git, so that neither `git stash` nor `git clean -fd`
//! takes the checkpoint away.
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{disk::Disk, fail::io_error, names::Names};
use crate::store::StoreError;

/// Makes the folder, and those above it, where they are missing. One that is there already need not be durable: its
/// maker may have died before it could sync the name.
pub(crate) fn make_all(disk: &dyn Disk, names: &Names) -> Result<(), StoreError> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut dir = names.dir();
    while disk.stat(dir).map_err(io_error("look at", dir))?.is_none() {
        missing.push(dir.to_owned());
        match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => dir = parent,
            _ => break,
        }
    }
    if missing.is_empty() {
        return match sync_name(disk, dir) {
            // The folder above is not ours to read: then whoever made this one had to see to it.
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        };
    }
    missing.iter().rev().try_for_each(|dir| make_one(disk, dir))
}

/// Makes the folder again that was deleted; not the one above it, without which there is no project. What somebody has
/// put in its place meanwhile (a file, a link that leads nowhere) is set aside; where that went is answered.
pub(crate) fn make(disk: &dyn Disk, names: &Names) -> Result<Option<PathBuf>, StoreError> {
    let dir = names.dir();
    let mut aside = None;
    let is_in_the_way = match disk.list(dir) {
        Ok(Some(_)) => false,
        Ok(None) => match make_one(disk, dir) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => true,
            made => made.map(|()| false)?,
        },
        Err(error) if error.kind() == ErrorKind::NotADirectory => true,
        Err(error) => return Err(io_error("list", dir)(error)),
    };
    if is_in_the_way {
        aside = Some(set_aside(disk, dir)?);
        make_one(disk, dir)?;
    }
    hide_from_git(disk, names)?;
    Ok(aside)
}

fn set_aside(disk: &dyn Disk, dir: &Path) -> Result<PathBuf, StoreError> {
    let mut number = 1;
    loop {
        let mut name = dir.as_os_str().to_owned();
        name.push(format!(".foreign-{number}"));
        let to = PathBuf::from(name);
        match disk.rename_to_free(dir, &to) {
            Ok(()) => return Ok(to),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(io_error("set aside", dir)(error)),
        }
    }
}

fn make_one(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    disk.make_dir(dir).map_err(io_error("create", dir))?;
    sync_name(disk, dir)
}

fn sync_name(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    disk.sync_dir(parent).map_err(io_error("sync", parent))
}

/// Writes `.gitignore` where there is none: `*` in a folder that is ours alone; beside the files of others, which
/// their owner may want to add, only our own.
pub(crate) fn hide_from_git(disk: &dyn Disk, names: &Names) -> Result<(), StoreError> {
    let path = names.gitignore();
    if disk.stat(&path).map_err(io_error("look at", &path))?.is_some() {
        return Ok(());
    }
    let listed = disk.list(names.dir()).map_err(io_error("list", names.dir()))?.unwrap_or_default();
    let text = if listed.iter().all(|name| names.is_ours(name)) {
        "*\n".to_owned()
    } else {
        format!("/{}*\n", names.stem().to_string_lossy())
    };
    match disk.create(&path).and_then(|file| file.write_at(text.as_bytes(), 0)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(io_error("write", &path)(error)),
        _ => Ok(()),
    }
}
