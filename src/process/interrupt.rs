//! Ctrl-C, `SIGTERM` and a terminal that hangs up: the process ends between two steps, and never within a whole.
//!
//! Dying anywhere is safe: the next command brings everything to an end. Ending in order is better manners: what
//! belongs together is finished first ([`hold`]), what was staged is deleted, the screen is left clean. A second signal
//! ends the process at once.

use std::cell::Cell;
use std::io;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use dgmo_store::durable;

use super::platform;

/// Whether a signal has come.
static PENDING: AtomicBool = AtomicBool::new(false);

/// Held by those who must not be interrupted.
static WHOLES: RwLock<()> = RwLock::new(());

/// What to do to the screen before the last words.
static SCREEN: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// The exit code of a command that was interrupted.
pub const EXIT: u8 = 130;

thread_local! {
    /// How many wholes this thread is within: only the outermost counts, since the lock cannot be taken twice.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// What is finished before an interruption takes effect. One may lie within another.
#[derive(Debug)]
pub struct Whole {
    held: Option<RwLockReadGuard<'static, ()>>,
}

/// From here on a signal has `end` called, which ends the process, when nobody holds a [`Whole`] and between two
/// durable steps. What was staged is deleted by then. `wait` is called first where somebody holds one.
///
/// Signals that this process was started to ignore stay ignored: `nohup` means it.
pub fn watch(
    wait: impl FnOnce() + Send + 'static,
    end: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let signals = platform::Signals::new(EXIT)?;
    let work = move || {
        signals.wait();
        PENDING.store(true, Ordering::SeqCst);
        if WHOLES.try_write().is_err() {
            wait();
        }
        let _nobody_is_within = WHOLES.write().unwrap_or_else(PoisonError::into_inner);
        durable::stop_the_world();
        clean_the_screen();
        dgmo_store::abandon();
        end();
    };
    let named = thread::Builder::new().name("signals".to_owned());
    named.spawn(work).map(drop)
}

/// Holds an interruption off for something short that belongs together. Where one has come already, this does not
/// return: the process is about to end.
pub fn hold() -> Whole {
    let is_outermost = DEPTH.get() == 0;
    let held = is_outermost.then(|| WHOLES.read().unwrap_or_else(PoisonError::into_inner));
    if is_outermost && is_pending() {
        drop(held);
        wait_for_the_end();
    }
    DEPTH.set(DEPTH.get() + 1);
    Whole { held }
}

/// Whether an interruption waits for a [`Whole`] to end: whoever waits for something within one should stop.
pub fn is_pending() -> bool {
    PENDING.load(Ordering::SeqCst)
}

/// Has this done to the screen when the process is interrupted: bars are taken away.
pub fn on_screen(clean: impl Fn() + Send + 'static) {
    *screen() = Some(Box::new(clean));
}

fn clean_the_screen() {
    if let Some(clean) = &*screen() {
        clean();
    }
}

fn screen() -> MutexGuard<'static, Option<Box<dyn Fn() + Send>>> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Whole {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        // Whoever goes on now would say that all went well and then be cut short in the middle of it.
        if self.held.take().is_some() && is_pending() && !thread::panicking() {
            wait_for_the_end();
        }
    }
}

fn wait_for_the_end() -> ! {
    loop {
        thread::park();
    }
}
