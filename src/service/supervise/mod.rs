//! `dgmo services run`: a supervisor for where there is no init system, fit to be the first process of a container.
//!
//! One thread decides, and waits for messages: signals, ends of programs, readiness, questions over the socket. What
//! is to happen at a time is the time it waits until. Nothing is asked again and again but what a `ready:` names.

mod kept;
mod listen;
mod log;
mod notes;
mod reap;
mod tasks;
mod world;

pub use world::Hold;
pub use world::Load;
pub use world::Loaded;
pub use world::Look;
pub use world::Looking;
pub use world::Saying;
pub use world::World;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::fs::File;
use std::fs::TryLockError;
use std::sync::Arc;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::conduct::CheckKind;
use dgmo_schema::name::ServiceName;
use dgmo_store::durable;

use super::Changes;
use super::ServiceError;
use super::Side;
use super::changes;
use super::control::Question;
use super::control::Reply;
use super::control::lock_path;
use super::start_order;
use crate::home::Profile;
use crate::process::Asked;
use crate::process::Requests;
use kept::Kept;
use kept::Phase;
use tasks::Task;

/// How a supervision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was told to, or every service ended as it should.
    Orderly,
    /// No service runs any more, and one of them failed.
    Failed,
}

/// What the deciding thread waits for.
enum Message {
    Requested(Asked),
    /// A look found a service ready.
    Ready {
        name: ServiceName,
        round: u64,
    },
    Asked(Question, Sender<Reply>),
}

/// Runs the services of the current generation until a signal ends it.
pub fn run(world: World) -> Result<Ending, ServiceError> {
    let folder = world.profile.services();
    durable::make_folders(&folder).map_err(ServiceError::io("make the folder", &folder))?;
    durable::set_mode(&folder, 0o700).map_err(ServiceError::io("close", &folder))?;
    let _lock = take_lock(&world.profile)?;
    reap::adopt_orphans();
    notes::end_orphans(&world.profile, &*world.tell)?;
    let (sender, inbox) = mpsc::channel();
    let requests = Requests::new().map_err(ServiceError::io("watch signals for", &folder))?;
    let closing = requests.closing();
    let to_us = sender.clone();
    // Where nobody listens any more it is over.
    std::thread::spawn(move || {
        requests.each(|asked| to_us.send(Message::Requested(asked)).is_ok());
    });
    let socket = listen::open(&world.profile, sender.clone())?;
    let loaded = (world.load)().map_err(|why| ServiceError::Supervisor {
        source: std::io::Error::other(why),
    })?;
    let (reading, all_read) = mpsc::channel();
    let mut supervisor = Supervisor {
        kept: BTreeMap::new(),
        order: Vec::new(),
        loaded,
        tasks: Vec::new(),
        strangers: reap::Strangers::default(),
        ending: false,
        sender,
        reading,
        world,
    };
    let ending = supervisor.supervise(&inbox);
    closing.close();
    drop(socket);
    notes::forget(&supervisor.world.profile);
    drop(supervisor);
    // The last words; somebody a service left behind may hold its streams for ever.
    let _ = all_read.recv_timeout(LAST_WORDS);
    ending
}

fn take_lock(profile: &Profile) -> Result<File, ServiceError> {
    let path = lock_path(profile);
    let failed = |source| ServiceError::Io {
        deed: "lock",
        path: path.clone(),
        source,
    };
    let file = durable::append(&path, b"", 0o600).map_err(failed)?;
    let file = file.file().try_clone().map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServiceError::RunElsewhere {
            who: "another `dgmo services run`".to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

struct Supervisor {
    world: World,
    loaded: Loaded,
    kept: BTreeMap<ServiceName, Kept>,
    /// In which order they start.
    order: Vec<ServiceName>,
    tasks: Vec<Task>,
    strangers: reap::Strangers,
    /// Whether it was told to end.
    ending: bool,
    sender: Sender<Message>,
    /// Shared with every thread that reads what a service says.
    reading: Sender<()>,
}

impl Supervisor {
    fn supervise(&mut self, inbox: &Receiver<Message>) -> Result<Ending, ServiceError> {
        self.take_over()?;
        if self.order.is_empty() {
            (self.world.tell)("the current generation has no services; waiting for one that has");
        }
        let all = self.order.clone();
        self.want(&all);
        loop {
            self.advance();
            if let Some(ending) = self.is_over() {
                return Ok(ending);
            }
            let message = match self.next_moment() {
                Some(moment) => {
                    let rest = moment.saturating_duration_since(Instant::now());
                    inbox.recv_timeout(rest)
                }
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Requested(asked)) => self.on_request(asked)?,
                Ok(Message::Ready { name, round }) => self.on_ready(&name, round),
                Ok(Message::Asked(question, reply)) => self.on_question(question, reply)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Ending::Orderly),
            }
            self.on_time();
        }
    }

    fn on_request(&mut self, asked: Asked) -> Result<(), ServiceError> {
        match asked {
            Asked::Reap => {
                self.reap();
                Ok(())
            }
            Asked::Reload => self.reload(),
            Asked::End if self.ending => {
                (self.world.tell)("told again: killing what is left");
                for kept in self.kept.values_mut() {
                    kept.kill();
                }
                Ok(())
            }
            Asked::End => {
                self.ending = true;
                self.tasks.clear();
                let names: Vec<ServiceName> = self.order.iter().rev().cloned().collect();
                self.stop_in_order(names, None);
                Ok(())
            }
        }
    }

    /// The current generation may be another: what differs is started again, the rest left running.
    fn reload(&mut self) -> Result<(), ServiceError> {
        let loaded = match (self.world.load)() {
            Ok(loaded) => loaded,
            Err(why) => {
                (self.world.tell)(&format!("cannot reload: {why}"));
                return Ok(());
            }
        };
        let home = self.world.home.clone();
        let changes = {
            let old = |program: &str| self.loaded.shown.get(program).cloned();
            let new = |program: &str| loaded.shown.get(program).cloned();
            let from = Side {
                ground: self.loaded.ground(&home),
                shown_by: &old,
            };
            let to = Side {
                ground: loaded.ground(&home),
                shown_by: &new,
            };
            changes(from, to, &BTreeSet::new())?
        };
        let Changes { stop, start } = changes;
        (self.world.tell)(&format!(
            "generation {}: {} to stop, {} to start",
            loaded.number,
            stop.len(),
            start.len()
        ));
        self.tasks.push(Task {
            stop: stop.into(),
            start: start.into(),
            awaited: Vec::new(),
            take_over: true,
            reply: None,
        });
        Ok(())
    }

    fn on_question(
        &mut self,
        question: Question,
        reply: Sender<Reply>,
    ) -> Result<(), ServiceError> {
        match question {
            Question::Status => self.answer(&reply, None),
            Question::Stop { services } => self.stop_in_order(services, Some(reply)),
            Question::Start { services } => {
                self.loaded = match (self.world.load)() {
                    Ok(loaded) => loaded,
                    Err(why) => {
                        let first = services.into_iter().next();
                        self.answer(&reply, first.map(|name| (name, why)));
                        return Ok(());
                    }
                };
                self.take_over()?;
                if let Some(unknown) = services.iter().find(|name| !self.kept.contains_key(*name)) {
                    let why = format!("generation {} has no such service", self.loaded.number);
                    self.answer(&reply, Some((unknown.clone(), why)));
                    return Ok(());
                }
                self.want(&services);
                self.tasks.push(Task {
                    stop: VecDeque::new(),
                    start: VecDeque::new(),
                    awaited: services,
                    take_over: false,
                    reply: Some(reply),
                });
            }
        }
        Ok(())
    }

    /// Has services run that do not yet, and those they start after, with what they counted forgotten.
    fn want(&mut self, names: &[ServiceName]) {
        for name in names {
            if let Some(kept) = self.kept.get_mut(name) {
                kept.want();
                let needed = kept.service.after.clone();
                // There are no circles: the order has been worked out.
                self.want(&needed);
            }
        }
    }

    /// Takes over what the loaded generation says of services. What runs is left running.
    fn take_over(&mut self) -> Result<(), ServiceError> {
        let services = &self.loaded.record.conduct.services;
        self.order = start_order(services)?;
        for (name, service) in services {
            if let Some(kept) = self.kept.get_mut(name) {
                kept.service = service.clone();
            } else {
                let kept = Kept::new(name.clone(), service.clone());
                self.kept.insert(name.clone(), kept);
            }
        }
        // What is no longer said goes, once it has ended.
        for kept in self.kept.values_mut() {
            if !services.contains_key(&kept.name) {
                kept.stop();
            }
        }
        self.kept
            .retain(|name, kept| services.contains_key(name) || kept.is_there());
        Ok(())
    }

    fn may_start(&self, name: &ServiceName) -> bool {
        let Some(kept) = self.kept.get(name) else {
            return false;
        };
        kept.phase == Phase::Waiting
            && !self.ending
            && kept.service.after.iter().all(|needed| {
                self.kept.get(needed).is_none_or(|needed| {
                    matches!(needed.phase, Phase::Running { .. } | Phase::Ended)
                })
            })
    }

    fn start(&mut self, name: &ServiceName) {
        let Some(kept) = self.kept.get_mut(name) else {
            return;
        };
        match kept.start(&self.world, &self.loaded, &self.reading) {
            Ok(()) => {
                notes::write(&self.world.profile, &self.kept);
                self.look_until_ready(name);
            }
            Err(error) => {
                let why = error.to_string();
                (self.world.tell)(&why);
                kept.failed_to_start(why);
            }
        }
    }

    /// Has a thread look until the service is ready; one that does not say when is ready now.
    fn look_until_ready(&mut self, name: &ServiceName) {
        let Some(kept) = self.kept.get_mut(name) else {
            return;
        };
        let Some(kind) = kept.service.ready.clone() else {
            kept.is_ready();
            return;
        };
        if let CheckKind::Unit(other) = &kind
            && let Some(known) = self.kept.get(other.as_str())
            && matches!(known.phase, Phase::Running { .. } | Phase::Ended)
        {
            if let Some(kept) = self.kept.get_mut(name) {
                kept.is_ready();
            }
            return;
        }
        let Some(kept) = self.kept.get(name) else {
            return;
        };
        let (round, timeout) = (kept.round, kept.service.start_timeout.duration());
        let look = Look {
            name: name.clone(),
            kind,
            number: self.loaded.number,
            timeout: timeout.min(LOOK),
        };
        let (looking, sender) = (Arc::clone(&self.world.look), self.sender.clone());
        let (name, is_over) = (name.clone(), Arc::clone(&kept.is_over));
        std::thread::spawn(move || {
            let until = Instant::now() + timeout;
            while Instant::now() < until && !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                if looking(&look).is_ok() {
                    // Nobody listens any more: it is over.
                    drop(sender.send(Message::Ready { name, round }));
                    return;
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
        });
    }

    fn on_ready(&mut self, name: &ServiceName, round: u64) {
        if let Some(kept) = self.kept.get_mut(name)
            && kept.round == round
        {
            kept.is_ready();
        }
    }

    /// Takes note of every program that has ended.
    fn reap(&mut self) {
        let mut pids = Vec::new();
        for kept in self.kept.values_mut() {
            pids.extend(kept.pid());
            if let Some(told) = kept.reap() {
                (self.world.tell)(&told);
            }
        }
        self.strangers.reap(&pids);
        let said = &self.loaded.record.conduct.services;
        self.kept
            .retain(|name, kept| said.contains_key(name) || kept.is_there());
        notes::write(&self.world.profile, &self.kept);
    }

    /// What is to happen at a time that has come.
    fn on_time(&mut self) {
        let now = Instant::now();
        for kept in self.kept.values_mut() {
            if let Some(told) = kept.on_time(now) {
                (self.world.tell)(&told);
            }
        }
        if self
            .strangers
            .next_moment()
            .is_some_and(|moment| moment <= now)
        {
            let pids: Vec<_> = self.kept.values().filter_map(Kept::pid).collect();
            self.strangers.reap(&pids);
        }
    }

    fn next_moment(&self) -> Option<Instant> {
        let own = self.kept.values().filter_map(Kept::next_moment);
        own.chain(self.strangers.next_moment()).min()
    }

    /// Whether there is nothing left to do.
    fn is_over(&self) -> Option<Ending> {
        if self.ending {
            let any = self.kept.values().any(Kept::is_there);
            return (!any).then_some(Ending::Orderly);
        }
        let mut all = self.kept.values().map(|kept| kept.phase).peekable();
        all.peek()?;
        let phases: Vec<Phase> = all.collect();
        let is_at_rest = |phase: &Phase| matches!(phase, Phase::Ended | Phase::Failed);
        if !self.tasks.is_empty() || !phases.iter().all(is_at_rest) {
            return None;
        }
        let failed = phases.contains(&Phase::Failed);
        Some(if failed {
            Ending::Failed
        } else {
            Ending::Orderly
        })
    }
}

/// How long to wait for what services have said and nobody has read yet.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Between two looks whether a service is ready.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How long one of them may take.
const LOOK: Duration = Duration::from_secs(5);
