//! Progress: a line for each running task on a terminal, and nothing but notes and warnings elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::TaskId;
use dgmo_schema::event::Unit;
use indicatif::MultiProgress;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::Format;
use super::Printer;
use super::Volume;
use crate::env::Var;
use crate::process::interrupt;

/// Shows events as they come.
pub struct Renderer {
    printer: Printer,
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<TaskId, ProgressBar>>,
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer")
            .field("printer", &self.printer)
            .finish_non_exhaustive()
    }
}

impl Renderer {
    /// With bars where stderr is a terminal that can show them.
    pub fn new(printer: Printer) -> Self {
        let dumb = Var::Terminal.text().is_none_or(|kind| kind == "dumb");
        let shown = printer.volume != Volume::Quiet
            && printer.format == Format::Text
            && io::stderr().is_terminal()
            && !dumb;
        let bars =
            shown.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        if let Some(bars) = bars.clone() {
            interrupt::on_screen(move || {
                // Nothing is drawn after this, so that the last words stand alone.
                drop(bars.clear());
                bars.set_draw_target(ProgressDrawTarget::hidden());
            });
        }
        Self {
            printer,
            bars,
            running: Mutex::new(HashMap::new()),
        }
    }

    fn start(&self, task: TaskId, what: String, total: Option<u64>, unit: Unit) {
        let Some(bars) = &self.bars else { return };
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        bar.set_style(style(unit, total.is_some()));
        bar.set_message(what);
        // What several do together is told before each of them, and so stands below them.
        let bar = bars.insert(0, bar);
        bar.enable_steady_tick(Duration::from_millis(200));
        self.with_running(|running| running.insert(task, bar));
    }

    fn resize(&self, task: TaskId, total: u64) {
        self.with_bar(task, |bar| {
            bar.set_length(total);
            bar.set_style(style(Unit::Bytes, true));
        });
    }

    fn finish(&self, task: TaskId) {
        if let Some(bar) = self.with_running(|running| running.remove(&task)) {
            bar.finish_and_clear();
        }
    }

    fn with_bar(&self, task: TaskId, act: impl FnOnce(&ProgressBar)) {
        self.with_running(|running| {
            if let Some(bar) = running.get(&task) {
                act(bar);
            }
        });
    }

    fn with_running<T>(&self, act: impl FnOnce(&mut HashMap<TaskId, ProgressBar>) -> T) -> T {
        // A thread that panicked while it told of progress must not take the others with it.
        let mut running = self
            .running
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut running)
    }

    /// Says a line without tearing the bars.
    fn aside(&self, say: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(say),
            None => say(),
        }
    }
}

impl Observer for Renderer {
    fn observe(&self, event: Event) {
        match event {
            Event::Started {
                task,
                what,
                total,
                unit,
            } => self.start(task, what, total, unit),
            Event::Resized { task, total } => self.resize(task, total),
            Event::Advanced { task, by } => self.with_bar(task, |bar| bar.inc(by)),
            Event::Finished { task } => self.finish(task),
            Event::Detail(text) if self.printer.volume == Volume::Verbose => {
                self.aside(|| self.printer.say(&text));
            }
            Event::Detail(_) => {}
            Event::Note(text) => self.aside(|| self.printer.say(&text)),
            Event::Warning(text) => self.aside(|| self.printer.warn(&text)),
        }
    }
}

fn style(unit: Unit, sized: bool) -> ProgressStyle {
    let template = match (unit, sized) {
        (Unit::Bytes, true) => {
            "{msg:32!} [{bar:24}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} left"
        }
        (Unit::Bytes, false) => "{msg:32!} {spinner} {binary_bytes} {binary_bytes_per_sec}",
        (Unit::Items, true) => "{msg:32!} [{bar:24}] {human_pos}/{human_len} {eta} left",
        (Unit::Items, false) => "{msg:32!} {spinner} {human_pos}",
    };
    ProgressStyle::with_template(template)
        .expect("the template is one of ours")
        .progress_chars("=> ")
}
