//! Soak: the real program, with many tasks and a person at it, killed at random moments again and again.
mod figures;
mod ground;
mod list;
mod oracle;
mod processes;
mod user;

use std::fs;
use std::time::{Duration, Instant};

use self::figures::Figures;
use self::ground::Ground;
use self::list::TodoList;
use self::oracle::Oracle;
use self::processes::{Server, agents, has_namespaces, kill_agent, pause, told};
use self::user::User;
use crate::campaign::{Broken, Campaign, Extent, Outcome, Terms};
use crate::dice::Dice;

pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "soak",
    about: "kill -9 of server, agents and both at random moments, with a person at work meanwhile",
    run,
};

/// So many lives of a server in CI, if the time allows; the rest of the time is for the way to the end.
const CI_LIVES: u64 = 40;
const CI_SECONDS: u64 = 30;
const LONG_SECONDS: u64 = 600;

/// Longer than anything here takes on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a life ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// SIGKILL to the server; in a namespace of its own to every process at once.
    Kill,
    /// SIGKILL to the agents, then to the server.
    KillAll,
    /// `codeagent stop`.
    Stop,
    /// `codeagent stop --now`.
    StopNow,
    /// SIGTERM.
    Terminate,
}

fn run(terms: &Terms) -> Result<Outcome, String> {
    let mut soak = Soak::begin(terms)?;
    let (lives, seconds) = match terms.extent {
        Extent::Ci => (CI_LIVES, terms.seconds.unwrap_or(CI_SECONDS)),
        Extent::Long => (u64::MAX, terms.seconds.unwrap_or(LONG_SECONDS)),
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    while soak.life < lives && Instant::now() < until && soak.outcome.findings.is_empty() {
        soak.live()?;
    }
    soak.come_to_the_end()?;
    soak.figures.print();
    soak.figures.count(&mut soak.outcome, &soak.oracle);
    Ok(soak.outcome)
}

struct Soak {
    ground: Ground,
    list: TodoList,
    oracle: Oracle,
    user: User,
    dice: Dice,
    figures: Figures,
    outcome: Outcome,
    has_namespaces: bool,
    /// Number of the server's present life.
    life: u64,
    seed: u64,
}

impl Soak {
    fn begin(terms: &Terms) -> Result<Self, String> {
        let mut dice = Dice::new(terms.seed);
        let list = TodoList::new(&mut dice, 40, true);
        let ground = Ground::lay_out(terms, &list.text())?;
        let has_namespaces = has_namespaces();
        let mut outcome = Outcome::default();
        if !has_namespaces {
            outcome.skipped = Some("power cuts (no pid namespaces here)".to_owned());
        }
        let oracle = Oracle::new(ground.out.join("ledger"));
        let (user, figures, seed) = (User::new(), Figures::default(), terms.seed);
        Ok(Self { ground, list, oracle, user, dice, figures, outcome, has_namespaces, life: 0, seed })
    }

    /// One life of a server: what lies before it, its work, its end, and what is so after it.
    fn live(&mut self) -> Result<(), String> {
        self.life += 1;
        let is_unclean = self.between_lives()?;
        let survivors = agents(&self.ground.project);
        // A server in a namespace of its own cannot see what an earlier one left outside of it.
        let has_namespace = self.has_namespaces && survivors.is_empty() && !self.dice.once_in(3);
        let words: &[&str] = if self.dice.once_in(3) { &["run"] } else { &["serve"] };
        self.tell(&format!("{words:?}, own namespace: {has_namespace}, unclean before: {is_unclean}"));
        let mut server = Server::start(&self.ground, words, has_namespace)?;
        // Every fourth dies in the midst of its start.
        let is_told = !self.dice.once_in(4);
        if is_told {
            self.recovered(&mut server, is_unclean, &survivors)?;
            self.work(&mut server)?;
        } else {
            self.pause_below(60);
        }
        self.end(&mut server)?;
        self.judge_reports(&server, is_unclean, is_told);
        self.listen()
    }

    /// Tells, for whoever looks at what was kept, what was done.
    fn tell(&self, what: &str) {
        // A story that can't be written must not keep the campaign from going on.
        let _ = self.ground.tell(&format!("life {}: {what}", self.life));
    }

    fn when(&self) -> String {
        format!("seed {}, life {}", self.seed, self.life)
    }

    fn found(&mut self, broken: Broken, story: impl AsRef<str>) {
        let story = format!("{}: {}", self.when(), story.as_ref());
        self.outcome.found(broken, story);
    }

    fn pause_below(&mut self, ms: usize) {
        pause(Duration::from_millis(self.dice.below(ms) as u64));
    }

    /// What a person does while no server runs; whether the next start has an unclean stop to tell.
    fn between_lives(&mut self) -> Result<bool, String> {
        let (before, open) = self.standing()?;
        if open < 20 {
            let _held = self.ground.lock("list.lock")?;
            let changed = self.list.edit(&mut self.dice, &self.ground.list(), 20, self.ground.has_git)?;
            if let Some(difference) = changed {
                self.found(Broken::Wrong, format!("the list was changed: {difference}"));
            }
        }
        if !self.dice.once_in(3) {
            return Ok(before);
        }
        self.act()?;
        let (after, _) = self.standing()?;
        if before && !after {
            self.found(Broken::Wrong, "a command between two servers hid the unclean stop");
        }
        Ok(after)
    }

    /// Whether the last server was cut off, and how many tasks are open.
    fn standing(&self) -> Result<(bool, u64), String> {
        let status = self.ground.json(&["status", "--json"])?;
        let open = status["statistics"]["pending"].as_u64().unwrap_or(0);
        Ok((status["checkpoint_exists"] == true && status["clean_shutdown"] == false, open))
    }

    fn act(&mut self) -> Result<(), String> {
        let Self { ground, list, oracle, user, dice, outcome, .. } = self;
        self.figures.commands += 1;
        user.act(ground, list, oracle, dice, outcome)
    }

    /// Waits until the start told what it found: by then nothing of an earlier life is alive.
    fn recovered(&mut self, server: &mut Server, is_unclean: bool, survivors: &[i32]) -> Result<(), String> {
        if !is_unclean {
            return Ok(());
        }
        match server.wait_for_report(PATIENCE) {
            Ok(Some(took)) => self.figures.recoveries.push(took),
            Ok(None) => {
                let story = format!("a start after a kill ended by itself; it said:\n{}", server.said());
                self.found(Broken::NeedsHand, story);
            }
            Err(error) => self.found(Broken::Stuck, error),
        }
        let living = agents(&self.ground.project);
        let left: Vec<_> = survivors.iter().filter(|pid| living.contains(pid)).map(told).collect();
        if !left.is_empty() {
            self.found(Broken::Wrong, format!("processes of an earlier life go on: {left:#?}"));
        }
        Ok(())
    }

    /// The server works, a person asks, agents die.
    fn work(&mut self, server: &mut Server) -> Result<(), String> {
        for _ in 0..self.dice.below(4) {
            self.pause_below(250);
            if server.ended()?.is_some() {
                break;
            }
            match self.dice.below(3) {
                0 => self.kill_an_agent()?,
                1 => self.act()?,
                _ => self.listen()?,
            }
        }
        self.pause_below(400);
        Ok(())
    }

    fn kill_an_agent(&mut self) -> Result<(), String> {
        let _held = self.ground.lock("clean.lock")?;
        let living = agents(&self.ground.project);
        let killed = self.dice.pick(&living).is_some_and(|pid| kill_agent(&self.ground.project, *pid));
        self.figures.agents += u64::from(killed);
        self.tell("an agent is killed");
        Ok(())
    }

    fn end(&mut self, server: &mut Server) -> Result<(), String> {
        if let Some(status) = server.ended()? {
            if !matches!(status.code(), Some(0 | 1)) {
                self.found(Broken::NeedsHand, format!("ended by itself, {status}:\n{}", server.said()));
            }
            self.figures.ended += 1;
            return Ok(());
        }
        let ends = [
            End::Kill,
            End::Kill,
            End::Kill,
            End::Kill,
            End::KillAll,
            End::Stop,
            End::StopNow,
            End::Terminate,
        ];
        let end = self.dice.pick(&ends).copied().unwrap_or(End::Kill);
        self.tell(&format!("{end:?}"));
        match end {
            end @ (End::Kill | End::KillAll) => return self.kill(server, matches!(end, End::KillAll)),
            // One that only just starts may not be there to be asked: it is told again.
            End::Stop => _ = self.ground.say(&["stop"])?,
            End::StopNow => _ = self.ground.say(&["stop", "--now"])?,
            End::Terminate => _ = server.terminate(),
        }
        self.figures.stops += 1;
        if server.wait(Duration::from_secs(5))?.is_none() {
            let _ = server.terminate();
        }
        if server.wait(PATIENCE)?.is_none() {
            self.found(Broken::Stuck, format!("it does not stop:\n{}", server.said()));
        }
        let left = agents(&self.ground.project);
        if !left.is_empty() {
            let left: Vec<_> = left.iter().map(told).collect();
            self.found(Broken::Wrong, format!("a server that stopped left processes: {left:#?}"));
        }
        Ok(())
    }

    /// SIGKILL, perhaps while a command is on its way: what is answered must be so afterwards.
    fn kill(&mut self, server: &mut Server, agents_too: bool) -> Result<(), String> {
        let asked = match self.dice.once_in(3) {
            true => {
                let Self { ground, list, oracle, user, dice, outcome, .. } = self;
                Some(user.ask(ground, list, oracle, dice, outcome)?)
            }
            false => None,
        };
        self.pause_below(4);
        let held = self.ground.lock("clean.lock")?;
        self.ground.new_life(self.life)?;
        if agents_too {
            let project = &self.ground.project;
            agents(project).into_iter().for_each(|pid| _ = kill_agent(project, pid));
        }
        server.kill()?;
        drop(held);
        self.figures.killed(server.has_namespace, agents_too);
        match asked {
            Some(asked) => asked.answered(&self.ground, &mut self.oracle, &mut self.outcome),
            None => Ok(()),
        }
    }

    /// An unclean stop is told once: by the first start that came so far.
    fn judge_reports(&mut self, server: &Server, is_unclean: bool, is_told: bool) {
        let reports = server.reports();
        let right =
            if is_told { reports == usize::from(is_unclean) } else { reports <= usize::from(is_unclean) };
        if !right {
            let story = format!("unclean before: {is_unclean}, told {reports} times:\n{}", server.said());
            self.found(Broken::Wrong, story);
        }
    }

    /// Asks for all tasks and holds the answer against what is known.
    fn listen(&mut self) -> Result<(), String> {
        let list = self.ground.json(&["list", "--json"])?;
        let when = self.when();
        self.oracle.hear(&list, &when, &mut self.outcome)
    }

    /// Without kills, a run comes to its end, and everything is as it should be.
    fn come_to_the_end(&mut self) -> Result<(), String> {
        let mut server = Server::start(&self.ground, &["run"], false)?;
        match server.wait(2 * PATIENCE)? {
            Some(status) if matches!(status.code(), Some(0 | 1)) => {}
            Some(status) => {
                self.found(Broken::NeedsHand, format!("the last run: {status}\n{}", server.said()))
            }
            None => self.found(Broken::Stuck, "the last run does not end"),
        }
        drop(server);
        self.listen()?;
        let list = self.ground.json(&["list", "--json"])?;
        self.oracle.judge_end(&list, &self.list.ids, &mut self.outcome)?;
        let left = agents(&self.ground.project);
        if !left.is_empty() {
            let told: Vec<_> = left.iter().map(told).collect();
            self.found(Broken::Wrong, format!("processes are left: {told:#?}"));
            left.into_iter().for_each(|pid| _ = kill_agent(&self.ground.project, pid));
        }
        let path = self.ground.list();
        let file = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if let Some(difference) = self.list.difference(&file) {
            self.found(Broken::Wrong, format!("the list was changed: {difference}"));
        }
        let wrong = self.oracle.wrong_boxes(&list, &self.list.boxes(&file))?;
        if !wrong.is_empty() {
            self.found(Broken::Wrong, format!("boxes that say something else: {wrong:?}"));
        }
        Ok(())
    }
}
