//! `dgmo generations browse`: what the keys ask for, done.

use dgmo_schema::event::Silent;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::activate::InTheWay;
use crate::ops;
use crate::ops::Engine;
use crate::ops::Result;
use crate::ops::RollbackRequest;
use crate::ops::SecretsHow;
use crate::ops::TrialHow;
use crate::ui::Action;
use crate::ui::Browser;

pub(super) fn run(global: &Global) -> Result<Exit> {
    // Nothing may be said beside the browser: it has the whole screen.
    let engine = global.engine(Special::default(), &Silent)?;
    let mut browser = Browser::new(ops::list(&engine)?);
    crate::ui::browse(&mut browser, &mut |browser, action| {
        act(&engine, browser, action);
    })?;
    Ok(Exit::Done)
}

/// Does what was asked for; what fails is said, and the browser stays.
fn act(engine: &Engine<'_>, browser: &mut Browser, action: Action) {
    if let Err(failure) = carry_out(engine, browser, action) {
        let hint = failure.error().deepest_hint();
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        browser.say(format!("{}: {}{hint}", failure.code(), failure.error()));
    }
}

fn carry_out(engine: &Engine<'_>, browser: &mut Browser, action: Action) -> Result<()> {
    let said = match action {
        Action::Nothing | Action::Leave => return Ok(()),
        Action::Look(number) => {
            browser.tell(ops::show(engine, Some(&number.to_string()))?);
            return Ok(());
        }
        Action::Compare(from, to) => {
            let (from, to) = (from.to_string(), to.to_string());
            browser.tell_difference(ops::diff(engine, Some(&from), Some(&to))?);
            return Ok(());
        }
        Action::Switch(number) => {
            let request = RollbackRequest {
                to: Some(number.to_string()),
                dry_run: false,
                in_the_way: InTheWay::Refuse,
                secrets: SecretsHow::default(),
                note: None,
                how: TrialHow::default(),
            };
            let report = ops::rollback(engine, &request)?;
            format!("generation {number} is current (before: {})", report.from)
        }
        Action::Label(number, label) => {
            ops::label(engine, &number.to_string(), label.as_ref())?;
            match label {
                Some(label) => format!("generation {number} is `{label}` now"),
                None => format!("generation {number} has no label now"),
            }
        }
        Action::Pin(number) => {
            ops::pin(engine, &number.to_string())?;
            format!("generation {number} is pinned")
        }
        Action::Unpin(number) => {
            ops::unpin(engine, &number.to_string())?;
            format!("generation {number} is not pinned any more")
        }
    };
    let look = browser.renew(ops::list(engine)?);
    carry_out(engine, browser, look)?;
    browser.say(said);
    Ok(())
}
