//! Work of a known extent, for counting its instructions: `cargo xtask guard` runs each twice under callgrind, and what
//! the larger run takes more is what the work costs, whatever else the machine does.
use std::{hint::black_box, io, path::Path};

use codeagent_checkpoint::{Clock, SystemClock, document};
use codeagent_core::decide;

use crate::{measure::Result, tasks};

/// Does that work so many times, in a store or on a document of so many tasks.
pub(crate) fn run(work: &str, tasks: usize, count: usize) -> Result<()> {
    match work {
        "decide" => decide_and_apply(tasks, count),
        "transition" => in_store(tasks, |store| {
            (0..count).try_for_each(|n| {
                let command = if n % 2 == 0 { tasks::start } else { tasks::reset };
                tasks::act(store, command(n / 2 % tasks))
            })
        }),
        "claim" => in_store(tasks, |store| {
            (0..count / 2).try_for_each(|n| {
                tasks::act(store, tasks::start(n))?;
                tasks::act(store, tasks::complete(n))
            })
        }),
        "write" => Ok(document::write(&tasks::state(count)?.freeze(), None, &mut io::sink())?),
        "read" => {
            let text = document::to_string(&tasks::state(count)?.freeze());
            let read = document::read(text.as_bytes()).map_err(|error| error.to_string())?;
            black_box(read.into_state().map_err(|error| error.to_string())?);
            Ok(())
        }
        _ => Err(format!("no such work: {work}").into()),
    }
}

fn decide_and_apply(tasks: usize, count: usize) -> Result<()> {
    let mut state = tasks::state(tasks)?;
    let now = SystemClock.now();
    for n in 0..count {
        let command = if n % 2 == 0 { tasks::start } else { tasks::reset };
        let events = decide(&state, command(n / 2 % (tasks / 3) * 3), now).map_err(|r| format!("{r:?}"))?;
        events.iter().for_each(|event| state.apply(event));
    }
    black_box(state);
    Ok(())
}

/// In a folder in memory: what the disk does costs no instructions of ours.
fn in_store(tasks: usize, work: impl FnOnce(&codeagent_checkpoint::FileStore) -> Result<()>) -> Result<()> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    let store = tasks::store(folder.path(), tasks, false)?;
    work(&store)?;
    store.abandon();
    Ok(())
}
