//! What the disk can do at all: a payload into a zero-filled file and a sync, again and again.
use std::{fs::OpenOptions, os::unix::fs::FileExt, path::Path, sync::Mutex};

use super::{Durable, PAYLOAD};
use crate::measure::Result;

const LEN: u64 = 8 << 20;

struct Floor {
    file: std::fs::File,
    at: Mutex<u64>,
}

pub(super) fn open(dir: &Path) -> Result<Box<dyn Durable>> {
    let file = OpenOptions::new().write(true).create_new(true).open(dir.join("floor"))?;
    file.write_all_at(&vec![0; LEN as usize], 0)?;
    file.sync_all()?;
    Ok(Box::new(Floor { file, at: Mutex::new(0) }))
}

impl Durable for Floor {
    fn transition(&self, _caller: usize, _count: u64) -> Result<()> {
        let mut at = self.at.lock().map_err(|_| "poisoned")?;
        self.file.write_all_at(&[7; PAYLOAD], *at)?;
        self.file.sync_data()?;
        *at = (*at + PAYLOAD as u64) % LEN;
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
