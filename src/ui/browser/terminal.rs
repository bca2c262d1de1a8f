//! The browser on the terminal: raw while it runs, and as it was before however it ends.
//!
//! A panic restores the terminal before it is told: ratatui puts its hook in front of ours. So does an interruption,
//! before its last words. Only a kill that nobody can catch leaves the terminal raw; `reset` helps then.

use std::io;
use std::io::IsTerminal;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use ratatui::crossterm::event::Event;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyEventKind;
use ratatui::crossterm::event::KeyModifiers;

use super::Action;
use super::Browser;
use super::Key;
use super::draw::draw;
use crate::env::Var;
use crate::process::interrupt;

/// Why the browser could not be shown, or not any longer.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    #[error("the browser needs a terminal for its input and its output")]
    NoTerminal,
    #[error("the terminal cannot be used")]
    Terminal(#[from] io::Error),
}

impl Diagnose for BrowseError {
    fn code(&self) -> Code {
        Code::BrowseUnavailable
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Run("dgmo generations list".to_owned()))
    }
}

/// Whether there is a terminal to browse on.
pub fn can_browse() -> bool {
    let dumb = Var::Terminal.text().is_none_or(|kind| kind == "dumb");
    !dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows the browser until it is left. `act` does what keys ask for, and tells the browser what came of it.
pub fn run(
    browser: &mut Browser,
    act: &mut dyn FnMut(&mut Browser, Action),
) -> Result<(), BrowseError> {
    if !can_browse() {
        return Err(BrowseError::NoTerminal);
    }
    // If it cannot be restored, how it ended is still what has to be told.
    let restore = || drop(ratatui::try_restore());
    interrupt::on_screen(restore);
    let mut terminal = ratatui::try_init()?;
    let ended = browse(&mut terminal, browser, act);
    restore();
    interrupt::on_screen(|| ());
    ended
}

fn browse(
    terminal: &mut DefaultTerminal,
    browser: &mut Browser,
    act: &mut dyn FnMut(&mut Browser, Action),
) -> Result<(), BrowseError> {
    let first = browser.begin();
    act(browser, first);
    loop {
        terminal.draw(|frame| draw(frame, browser))?;
        let Some(key) = key_of(&event::read()?) else {
            continue;
        };
        match browser.press(key) {
            Action::Leave => return Ok(()),
            action => act(browser, action),
        }
    }
}

/// The key of an event; nothing for what is no key of ours, such as a new size, which is drawn all the same.
fn key_of(event: &Event) -> Option<Key> {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press | KeyEventKind::Repeat,
        ..
    }) = event
    else {
        return None;
    };
    let with_control = modifiers.contains(KeyModifiers::CONTROL);
    Some(match code {
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Tab => Key::Tab,
        KeyCode::Char('c') if with_control => Key::Interrupt,
        KeyCode::Char(c) if !with_control && !modifiers.contains(KeyModifiers::ALT) => {
            Key::Char(*c)
        }
        _ => return None,
    })
}
