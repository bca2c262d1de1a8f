//! Signals as requests, for a program that serves until it is told to end.

use std::io;

use signal_hook::consts::SIGCHLD;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Handle;
use signal_hook::iterator::Signals;

/// What a signal asks a supervisor for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To end in order.
    End,
    /// To look at what it shall do anew.
    Reload,
    /// To look which of its children ended.
    Reap,
}

/// The signals that are requests, from now on, instead of the end of the process.
#[derive(Debug)]
pub struct Requests(Signals);

/// Ends the waiting for requests.
#[derive(Debug)]
pub struct Closing(Handle);

impl Requests {
    /// Takes the signals over.
    pub fn new() -> io::Result<Self> {
        Signals::new([SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD]).map(Self)
    }

    /// What ends [`each`](Self::each).
    pub fn closing(&self) -> Closing {
        Closing(self.0.handle())
    }

    /// Calls `take` for each request, until that says no or the other end closes.
    pub fn each(mut self, mut take: impl FnMut(Asked) -> bool) {
        for signal in self.0.forever() {
            let asked = match signal {
                SIGCHLD => Asked::Reap,
                SIGHUP => Asked::Reload,
                _ => Asked::End,
            };
            if !take(asked) {
                return;
            }
        }
    }
}

impl Closing {
    /// Nobody waits any more.
    pub fn close(self) {
        self.0.close();
    }
}
