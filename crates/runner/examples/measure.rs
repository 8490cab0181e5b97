//! What a start costs and how fast output flows: `measure spawn 1000` and `measure volume 1024 FILE`.
use std::error::Error;
use std::fs::File;
use std::io::{Write, stdout};
use std::time::Instant;

use codeagent_runner::{AttemptSpec, StopHandle, Stream, init_process, spawn};

fn main() -> Result<(), Box<dyn Error>> {
    init_process()?;
    let args: Vec<String> = std::env::args().collect();
    let started = Instant::now();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["spawn", count] => spawns(count.parse()?)?,
        ["volume", mib, file] => volume(mib, file)?,
        _ => return Err("measure spawn COUNT | measure volume MIB FILE".into()),
    }
    writeln!(stdout(), "{:.3} s", started.elapsed().as_secs_f64())?;
    Ok(())
}

fn attempt(words: &[&str], id: String) -> AttemptSpec {
    AttemptSpec::new(words.iter().map(Into::into).collect(), "/".into(), id)
}

fn spawns(count: u32) -> Result<(), Box<dyn Error>> {
    let stop = StopHandle::new()?;
    for number in 0..count {
        let attempt = spawn(attempt(&["/bin/true"], format!("measure-{number}")))?;
        attempt.watch(&mut |_, _: &[u8]| Ok(()), &stop);
    }
    Ok(())
}

fn volume(mib: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let mut file = File::create(file)?;
    let attempt = spawn(attempt(&["head", "-c", &format!("{mib}M"), "/dev/zero"], "measure".into()))?;
    let mut sink = |_: Stream, bytes: &[u8]| file.write_all(bytes);
    let ended = attempt.watch(&mut sink, &StopHandle::new()?);
    writeln!(stdout(), "{} bytes", ended.bytes_out)?;
    Ok(())
}
