//! What a person notices of the server: how soon it is there, what it costs while it waits, how quickly it answers, and
//! what an agent that prints a gigabyte does to it.
use std::{
    fs,
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Terms,
    measure::{Result, Samples, memory_of, number},
    page::{self, Section},
    program,
};

const TASKS: usize = 1_000;
/// How long a waiting server is watched.
const WATCHED: Duration = Duration::from_secs(10);
const GIGABYTE: u64 = 1 << 30;

pub(crate) fn measure(terms: &Terms) -> Result<Section> {
    let mut rows = vec![["", "median (min – max)"].map(str::to_owned)];
    idle(terms, &mut rows)?;
    let size = fs::metadata(program::path())?.len();
    rows.push(["the release binary, MB".into(), number(size as f64 / 1e6, 1)]);
    flood(terms, &mut rows)?;
    let text = format!("With {} tasks in the list.\n\n{}", number(TASKS as f64, 0), page::table(rows));
    Ok(Section { name: "server", title: "The server itself", text, plots: Vec::new() })
}

/// A server that is ended with this value.
struct Server(Child);

impl Server {
    /// Returns once its socket answers, with how long that took.
    fn start(dir: &Path) -> Result<(Self, Duration)> {
        let began = Instant::now();
        let mut serve = Command::new(program::path());
        let child =
            serve.arg("serve").current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self(child);
        while UnixStream::connect(dir.join("data/.codeagent.sock")).is_err() {
            if let Some(status) = server.0.try_wait()? {
                return Err(format!("codeagent serve: {status}").into());
            }
            pause(Duration::from_micros(200));
        }
        Ok((server, began.elapsed()))
    }

    fn stop(mut self, dir: &Path) -> Result<()> {
        codeagent(dir, &["stop", "--now"])?;
        self.0.wait()?;
        Ok(())
    }

    /// How often its threads were put to sleep and woken so far.
    fn switches(&self) -> Result<u64> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let status = fs::read_to_string(thread?.path().join("status"))?;
            let counts = status.lines().filter_map(|line| line.split_once("_ctxt_switches:"));
            sum += counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum::<u64>();
        }
        Ok(sum)
    }
}

/// An error on the way must not leave a server behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn codeagent(dir: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(program::path()).args(args).current_dir(dir).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("codeagent {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement, that nothing has to stop")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn project(dir: &Path, list: &str, executor: &str) -> Result<()> {
    fs::write(dir.join("todo.md"), list)?;
    fs::create_dir(dir.join("config"))?;
    let server =
        "server: { task_delay: 0, check_interval: 60, checkpoint: { keep_completed_tasks: 1000000 } }";
    Ok(fs::write(dir.join("config/config.yaml"), format!("{server}\nexecutor: {executor}\n"))?)
}

/// A list that is done: the server has nothing to do but to be there.
fn idle(terms: &Terms, rows: &mut Vec<[String; 2]>) -> Result<()> {
    let dir = tempfile::tempdir_in(terms.dir.path())?;
    let list: String = (0..TASKS).map(|number| format!("- [ ] Task number {number}\n")).collect();
    project(dir.path(), &list, "{ command: [/bin/true] }")?;
    codeagent(dir.path(), &["run"])?;
    let (mut ready, mut status, mut on_files) = (Samples::default(), Samples::default(), Samples::default());
    let (mut rss, mut woken) = (Samples::default(), Samples::default());
    for _ in 0..terms.rounds {
        on_files.push(asked_ms(dir.path())?);
        let (server, took) = Server::start(dir.path())?;
        ready.push(took.as_secs_f64() * 1e3);
        status.push(asked_ms(dir.path())?);
        pause(Duration::from_secs(2)); // what a start leaves to do is done
        rss.push(memory_of(server.0.id(), "VmRSS") / 1e6);
        let before = server.switches()?;
        pause(WATCHED);
        // A thread that ended meanwhile takes its count with it.
        woken.push(server.switches()?.saturating_sub(before) as f64 / WATCHED.as_secs_f64());
        server.stop(dir.path())?;
    }
    rows.push(["from the start of the process to an answering socket, ms".into(), ready.shown(1)]);
    rows.push(["`codeagent status`, by the socket, ms".into(), status.shown(1)]);
    rows.push(["`codeagent status`, on the files, ms".into(), on_files.shown(1)]);
    rows.push(["memory of a waiting server, MB".into(), rss.shown(1)]);
    rows.push(["wake-ups of a waiting server, a second".into(), woken.shown(2)]);
    Ok(())
}

/// How long `codeagent status` takes: the median of ten.
fn asked_ms(dir: &Path) -> Result<f64> {
    let mut samples = Samples::default();
    for _ in 0..10 {
        let began = Instant::now();
        codeagent(dir, &["status"])?;
        samples.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(samples.median())
}

/// An agent that prints a gigabyte, beside `cat` that writes it into a file.
fn flood(terms: &Terms, rows: &mut Vec<[String; 2]>) -> Result<()> {
    let dir = tempfile::tempdir_in(terms.dir.path())?;
    let big = dir.path().join("big");
    let line = "one of many lines that an agent prints when it has lost its way\n";
    fs::write(&big, line.repeat(usize::try_from(GIGABYTE)? / line.len()))?;
    let [mut grown, mut speed, mut piped] = [Samples::default(), Samples::default(), Samples::default()];
    for _ in 0..terms.rounds {
        // Neither is to be held up by what was written before it.
        rustix::fs::sync();
        let plain = copy_s("cat \"$0\" >\"$1\"", &big, &dir.path().join("copy"))?;
        rustix::fs::sync();
        let pipe = copy_s("cat \"$0\" | cat >\"$1\"", &big, &dir.path().join("copy"))?;
        let project_dir = tempfile::tempdir_in(terms.dir.path())?;
        rustix::fs::sync();
        let (more, took) = flooded(project_dir.path(), &big)?;
        grown.push(more / 1e6);
        speed.push(plain / took);
        piped.push(pipe / took);
    }
    rows.push(["a child that prints 1 GiB: memory of the server grows by, MB".into(), grown.shown(1)]);
    rows.push(["the same: throughput ÷ that of `cat > file`".into(), speed.shown(2)]);
    rows.push([
        "the same ÷ that of `cat | cat > file`, by a pipe, as an agent's output comes".into(),
        piped.shown(2),
    ]);
    Ok(())
}

/// Seconds that a shell takes for a copy: `$0` is from where, `$1` to where.
fn copy_s(script: &str, from: &Path, to: &Path) -> Result<f64> {
    let began = Instant::now();
    let status = Command::new("sh").args(["-c", script]).arg(from).arg(to).status()?;
    let took = began.elapsed().as_secs_f64();
    fs::remove_file(to)?;
    if status.success() { Ok(took) } else { Err(format!("{script}: {status}").into()) }
}

/// By how many bytes the server's peak grew while its child printed, and how many seconds the child took.
fn flooded(dir: &Path, big: &Path) -> Result<(f64, f64)> {
    let agent = "touch begun; while [ ! -e go ]; do sleep 0.01; done; cat \"$1\"; touch ended";
    fs::write(dir.join("agent.sh"), agent)?;
    let command = format!("{{ command: [sh, agent.sh, {:?}] }}", big.display().to_string());
    project(dir, "- [ ] Print a lot\n", &command)?;
    let (server, _) = Server::start(dir)?;
    wait_for(&dir.join("begun"))?;
    let before = memory_of(server.0.id(), "VmHWM");
    let began = Instant::now();
    fs::write(dir.join("go"), "")?;
    wait_for(&dir.join("ended"))?;
    let took = began.elapsed().as_secs_f64();
    let grown = memory_of(server.0.id(), "VmHWM") - before;
    server.stop(dir)?;
    Ok((grown, took))
}

fn wait_for(path: &Path) -> Result<()> {
    let began = Instant::now();
    while !path.exists() {
        if began.elapsed() > Duration::from_secs(300) {
            return Err(format!("{} did not come", path.display()).into());
        }
        pause(Duration::from_millis(1));
    }
    Ok(())
}
