//! What a supervisor is asked and cannot do at once: services that stop one after another, or that are to become ready.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;

use dgmo_schema::name::ServiceName;

use super::super::control::Reply;
use super::Supervisor;
use super::kept::Kept;
use super::kept::Phase;

/// Something that takes more than one message.
pub(super) struct Task {
    pub(super) stop: VecDeque<ServiceName>,
    pub(super) start: VecDeque<ServiceName>,
    /// Services that are to be ready before it is done.
    pub(super) awaited: Vec<ServiceName>,
    /// Whether the definitions are taken over once all have stopped.
    pub(super) take_over: bool,
    pub(super) reply: Option<Sender<Reply>>,
}

impl Supervisor {
    pub(super) fn answer(&self, reply: &Sender<Reply>, failed: Option<(ServiceName, String)>) {
        let services = self.order.iter().filter_map(|name| self.kept.get(name));
        let reply_text = Reply {
            pid: std::process::id(),
            services: services.map(Kept::status).collect(),
            failed,
        };
        // Who asked has gone away.
        drop(reply.send(reply_text));
    }

    pub(super) fn stop_in_order(&mut self, names: Vec<ServiceName>, reply: Option<Sender<Reply>>) {
        self.tasks.push(Task {
            stop: names.into(),
            start: VecDeque::new(),
            awaited: Vec::new(),
            take_over: false,
            reply,
        });
    }

    /// Why a service that waits will not start soon.
    fn is_stuck(&self, kept: &Kept) -> Option<String> {
        if kept.phase != Phase::Waiting {
            return None;
        }
        let needed = kept.service.after.iter();
        let mut needed = needed.filter_map(|name| self.kept.get(name));
        let other = needed.find(|other| {
            matches!(
                other.phase,
                Phase::Failed | Phase::Stopped | Phase::Resting { .. }
            )
        })?;
        let why = other.why.as_deref().unwrap_or("it was stopped");
        Some(format!(
            "it starts after `{}`, of which is known: {why}",
            other.name
        ))
    }

    /// Whatever can go on goes on.
    pub(super) fn advance(&mut self) {
        let mut tasks = std::mem::take(&mut self.tasks);
        tasks.retain_mut(|task| !self.work_on(task));
        tasks.append(&mut self.tasks);
        self.tasks = tasks;
        for name in self.order.clone() {
            if self.may_start(&name) {
                self.start(&name);
            }
        }
        let mut tasks = std::mem::take(&mut self.tasks);
        tasks.retain_mut(|task| !self.work_on(task));
        self.tasks = tasks;
    }

    /// Goes on with a task; returns whether it is done.
    fn work_on(&mut self, task: &mut Task) -> bool {
        while let Some(name) = task.stop.front() {
            match self.kept.get_mut(name) {
                Some(kept) if kept.is_there() => {
                    kept.stop();
                    return false;
                }
                Some(kept) => kept.stop(),
                None => {}
            }
            task.stop.pop_front();
        }
        if std::mem::take(&mut task.take_over) {
            match (self.world.load)() {
                Ok(loaded) => self.loaded = loaded,
                Err(why) => (self.world.tell)(&why),
            }
            if let Err(error) = self.take_over() {
                (self.world.tell)(&error.to_string());
            }
            let names: Vec<ServiceName> = task.start.drain(..).collect();
            self.want(&names);
        }
        let mut failed = None;
        for name in &task.awaited {
            let Some(kept) = self.kept.get(name) else {
                continue;
            };
            if let Some(why) = self.is_stuck(kept) {
                failed = Some((name.clone(), why));
                break;
            }
            match kept.phase {
                Phase::Running { .. } | Phase::Ended => {}
                Phase::Failed | Phase::Resting { .. } | Phase::Stopped => {
                    let why = kept.why.clone();
                    let why = why.unwrap_or_else(|| "it was stopped".to_owned());
                    failed = Some((name.clone(), why));
                    break;
                }
                _ => return false,
            }
        }
        if let Some(reply) = &task.reply {
            self.answer(reply, failed);
        }
        true
    }
}
