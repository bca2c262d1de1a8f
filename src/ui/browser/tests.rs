//! Keys in, actions and pictures out.

use std::collections::BTreeMap;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use dgmo_schema::id::GenerationId;
use dgmo_schema::report::generation::Change;
use dgmo_schema::report::generation::DiffReport;
use dgmo_schema::report::generation::GenerationListReport;
use dgmo_schema::report::generation::GenerationReport;
use dgmo_schema::report::generation::GenerationSummary;
use dgmo_schema::report::generation::ListedGeneration;
use dgmo_schema::report::generation::PackageChange;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::Action;
use super::Browser;
use super::Key;
use super::draw::draw;

fn summary(number: u64) -> GenerationSummary {
    GenerationSummary {
        number: GenerationNumber(number),
        id: GenerationId(Digest::of(&number.to_le_bytes())),
        made_at: Timestamp::from_seconds(1_795_000_000 + number),
        made_from: "switch".to_owned(),
        parent: GenerationNumber(number.saturating_sub(1)),
        label: (number == 2).then(|| "works".parse().unwrap()),
        note: (number == 3).then(|| "new\u{1b}[31m editor".to_owned()),
        package_count: number,
        file_count: 0,
        failed: None,
    }
}

fn list(count: u64, current: u64) -> GenerationListReport {
    let listed = (0..count).map(|number| ListedGeneration {
        summary: summary(number),
        current: number == current,
        pinned: number == 1,
    });
    GenerationListReport {
        profile: "default".parse().unwrap(),
        current: GenerationNumber(current),
        generations: listed.collect(),
    }
}

fn report(number: u64) -> GenerationReport {
    GenerationReport {
        profile: "default".parse().unwrap(),
        summary: summary(number),
        current: false,
        pinned: false,
        made_by: "me".to_owned(),
        manifest: Some("/m/dgmo.yaml".to_owned()),
        packages: BTreeMap::new(),
        files: BTreeMap::from([(".zshrc".to_owned(), "link".to_owned())]),
        env: BTreeMap::from([("EDITOR".to_owned(), "hx".to_owned())]),
        folder: "/x".to_owned(),
    }
}

fn picture(browser: &Browser, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, browser)).unwrap();
    terminal.backend().to_string()
}

fn press(browser: &mut Browser, keys: &str) -> Action {
    let mut action = Action::Nothing;
    for key in keys.chars() {
        action = browser.press(match key {
            '\n' => Key::Enter,
            '\u{1b}' => Key::Escape,
            '\u{8}' => Key::Backspace,
            c => Key::Char(c),
        });
    }
    action
}

const N: fn(u64) -> GenerationNumber = GenerationNumber;

#[test]
fn it_begins_at_the_current_one_and_moves() {
    let mut browser = Browser::new(list(30, 4));
    assert_eq!(browser.begin(), Action::Look(N(4)));
    for (key, number) in [
        (Key::Down, 5),
        (Key::Up, 4),
        (Key::PageDown, 14),
        (Key::End, 29),
        (Key::Home, 0),
        (Key::Char('G'), 29),
        (Key::PageUp, 19),
        (Key::Char('k'), 18),
        (Key::Char('g'), 0),
    ] {
        assert_eq!(browser.press(key), Action::Look(N(number)), "{key:?}");
    }
    browser.tell(report(0));
    assert_eq!(
        browser.press(Key::Up),
        Action::Nothing,
        "there is nothing above"
    );
}

#[test]
fn a_switch_is_asked_for_first() {
    let mut browser = Browser::new(list(5, 4));
    assert_eq!(press(&mut browser, "\n"), Action::Nothing);
    assert!(picture(&browser, 80, 20).contains("generation 4 is current already"));
    press(&mut browser, "kk\n");
    assert!(picture(&browser, 80, 20).contains("make generation 2 current? y/n"));
    assert_eq!(press(&mut browser, "n"), Action::Nothing);
    assert_eq!(press(&mut browser, "\ny"), Action::Switch(N(2)));
    assert_eq!(browser.renew(list(5, 2)), Action::Look(N(2)));
}

#[test]
fn labels_are_typed_checked_and_taken_away() {
    let mut browser = Browser::new(list(5, 2));
    assert_eq!(press(&mut browser, "l!"), Action::Nothing);
    assert!(picture(&browser, 80, 20).contains("label (enter: set, esc: leave): works!"));
    let label = Some("works".parse().unwrap());
    assert_eq!(press(&mut browser, "\u{8}\n"), Action::Label(N(2), label));
    press(&mut browser, "l\u{8}\u{8}\u{8}\u{8}\u{8}");
    assert_eq!(press(&mut browser, "\n"), Action::Label(N(2), None));
    // Digits alone would be a number: it says so, and what was typed stays.
    press(&mut browser, "jl12");
    assert_eq!(press(&mut browser, "\n"), Action::Nothing);
    assert!(picture(&browser, 100, 20).contains("12▏  `12` cannot be"));
    assert_eq!(press(&mut browser, "\u{1b}q"), Action::Leave);
}

#[test]
fn pins_differences_and_marks_are_asked_for() {
    let mut browser = Browser::new(list(5, 4));
    assert_eq!(press(&mut browser, "p"), Action::Pin(N(4)));
    assert_eq!(press(&mut browser, "gjp"), Action::Unpin(N(1)));
    assert_eq!(press(&mut browser, "d"), Action::Compare(N(4), N(1)));
    assert_eq!(press(&mut browser, "mjjd"), Action::Compare(N(1), N(3)));
    assert!(picture(&browser, 80, 20).contains("compared with 1"));
    assert_eq!(press(&mut browser, "\u{1b}d"), Action::Compare(N(4), N(3)));
}

#[test]
fn words_are_found_and_found_on() {
    let mut browser = Browser::new(list(25, 4));
    assert_eq!(press(&mut browser, "/WORK\n"), Action::Look(N(2)));
    assert_eq!(press(&mut browser, "/editor\n"), Action::Look(N(3)));
    assert_eq!(press(&mut browser, "/2\n"), Action::Look(N(12)));
    assert_eq!(press(&mut browser, "n"), Action::Look(N(20)));
    press(&mut browser, "/nothing\n");
    assert!(picture(&browser, 80, 20).contains("no generation has `nothing`"));
}

#[test]
fn what_is_told_is_shown_beside_the_list_or_below_it() {
    let mut browser = Browser::new(list(5, 4));
    browser.tell(report(3));
    for (width, height) in [(120, 20), (80, 30)] {
        let shown = picture(&browser, width, height);
        for words in [
            "profile default",
            "generation 4 is current",
            "works",
            "> ",
            "made by `switch`",
            "manifest: /m/dgmo.yaml",
            ".zshrc",
            "EDITOR=hx",
            "q quit",
        ] {
            assert!(shown.contains(words), "{words}:\n{shown}");
        }
        assert!(!shown.contains('\u{1b}'), "a note must not paint");
    }
    browser.tell_difference(DiffReport {
        from: "3".to_owned(),
        to: "4".to_owned(),
        packages: vec![PackageChange {
            name: "jq".parse().unwrap(),
            change: Change::Changed,
            from: Some("1.6".to_owned()),
            to: Some("1.7".to_owned()),
            size_from: None,
            size_to: None,
        }],
        size_change: Some(2048),
        ..DiffReport::default()
    });
    let shown = picture(&browser, 120, 20);
    assert!(shown.contains("~ package jq 1.6 → 1.7"), "{shown}");
    assert!(shown.contains("+2.0 KiB in packages"), "{shown}");
    press(&mut browser, "?");
    assert!(picture(&browser, 120, 20).contains("pin it, or let the rule decide"));
    assert_eq!(press(&mut browser, "\u{1b}"), Action::Look(N(4)));
}

#[test]
fn what_went_away_meanwhile_is_no_trouble() {
    let mut browser = Browser::new(list(9, 8));
    assert_eq!(browser.renew(list(3, 2)), Action::Look(N(2)));
    let nothing = GenerationListReport {
        generations: Vec::new(),
        ..list(1, 0)
    };
    assert_eq!(browser.renew(nothing), Action::Nothing);
    for keys in ["j", "k", "g", "G", "\n", "d", "l", "p", "/x\n", "n"] {
        press(&mut browser, keys);
        picture(&browser, 80, 20);
    }
}

fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        Just(Key::Up),
        Just(Key::Down),
        Just(Key::PageUp),
        Just(Key::PageDown),
        Just(Key::Home),
        Just(Key::End),
        Just(Key::Enter),
        Just(Key::Escape),
        Just(Key::Backspace),
        Just(Key::Tab),
        prop::char::range(' ', '~').prop_map(Key::Char),
        any::<char>().prop_map(Key::Char),
    ]
}

proptest! {
    #[test]
    fn no_keys_and_no_size_are_too_odd(
        count in 0_u64..40,
        pressed in prop::collection::vec(keys(), 0..60),
        width in 1_u16..200,
        height in 1_u16..60,
    ) {
        let mut browser = Browser::new(list(count, count / 2));
        for key in pressed {
            match browser.press(key) {
                Action::Look(number) => browser.tell(report(number.0)),
                Action::Compare(..) => browser.tell_difference(DiffReport::default()),
                Action::Switch(number) => drop(browser.renew(list(count, number.0))),
                _ => {}
            }
        }
        picture(&browser, width, height);
    }
}
