//! What the browser shows and what a key does, without any terminal: keys go in, actions come out.

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::Label;
use dgmo_schema::report::generation::DiffReport;
use dgmo_schema::report::generation::GenerationListReport;
use dgmo_schema::report::generation::GenerationReport;
use dgmo_schema::report::generation::ListedGeneration;

/// A key that is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    Tab,
    /// Ctrl-C.
    Interrupt,
    Char(char),
}

/// What has to be done by somebody who can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Nothing,
    Leave,
    /// Tell of a generation, to [`Browser::tell`].
    Look(GenerationNumber),
    /// Tell what the second has that the first had not, to [`Browser::tell_difference`].
    Compare(GenerationNumber, GenerationNumber),
    /// Make it current.
    Switch(GenerationNumber),
    Label(GenerationNumber, Option<Label>),
    Pin(GenerationNumber),
    Unpin(GenerationNumber),
}

/// What stands beside the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pane {
    Nothing,
    /// One generation.
    About(Box<GenerationReport>),
    /// Two of them.
    Difference(Box<DiffReport>),
    Help,
}

/// What the keys are for at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// Going through the list.
    List,
    /// A label is typed.
    Label(String),
    /// What to look for is typed.
    Search(String),
    /// Whether to switch is asked.
    Confirm(GenerationNumber),
}

/// The browser.
#[derive(Debug, Clone)]
pub struct Browser {
    list: GenerationListReport,
    selected: usize,
    /// How far the pane is scrolled.
    scroll: u16,
    pane: Pane,
    mode: Mode,
    /// The generation that others are compared with; nothing: the current one.
    base: Option<GenerationNumber>,
    searched: String,
    message: String,
}

/// So many lines a page has.
const PAGE: usize = 10;

impl Browser {
    /// Shows these, with the current one selected.
    pub fn new(list: GenerationListReport) -> Self {
        let selected = list.generations.iter().position(|listed| listed.current);
        Self {
            selected: selected.unwrap_or_default(),
            list,
            scroll: 0,
            pane: Pane::Nothing,
            mode: Mode::List,
            base: None,
            searched: String::new(),
            message: String::new(),
        }
    }

    /// What has to be done before anything is shown.
    pub fn begin(&self) -> Action {
        self.look()
    }

    /// Takes a key; what it asks for is for the caller to do.
    pub fn press(&mut self, key: Key) -> Action {
        self.message.clear();
        if key == Key::Interrupt {
            return Action::Leave;
        }
        match std::mem::replace(&mut self.mode, Mode::List) {
            Mode::List => self.press_in_list(key),
            Mode::Label(text) => self.press_in_label(text, key),
            Mode::Search(text) => self.press_in_search(text, key),
            Mode::Confirm(number) if matches!(key, Key::Char('y' | 'Y')) => Action::Switch(number),
            Mode::Confirm(_) => {
                "nothing was changed".clone_into(&mut self.message);
                Action::Nothing
            }
        }
    }

    fn press_in_list(&mut self, key: Key) -> Action {
        let last = self.list.generations.len().saturating_sub(1);
        match key {
            Key::Up | Key::Char('k') => self.go_to(self.selected.saturating_sub(1)),
            Key::Down | Key::Char('j') => self.go_to((self.selected + 1).min(last)),
            Key::PageUp => self.go_to(self.selected.saturating_sub(PAGE)),
            Key::PageDown => self.go_to((self.selected + PAGE).min(last)),
            Key::Home | Key::Char('g') => self.go_to(0),
            Key::End | Key::Char('G') => self.go_to(last),
            Key::Char('J') | Key::Tab => {
                self.scroll = self.scroll.saturating_add(1);
                Action::Nothing
            }
            Key::Char('K') => {
                self.scroll = self.scroll.saturating_sub(1);
                Action::Nothing
            }
            Key::Char('q') => Action::Leave,
            Key::Escape => self.escape(),
            Key::Char('?' | 'h') => {
                self.pane = Pane::Help;
                self.scroll = 0;
                Action::Nothing
            }
            Key::Char('/') => {
                self.mode = Mode::Search(String::new());
                Action::Nothing
            }
            Key::Char('n') => self.search_on(),
            _ => self.press_for_selected(key),
        }
    }

    /// Escape takes back what is special; only then it leaves.
    fn escape(&mut self) -> Action {
        if self.base.take().is_some() {
            return Action::Nothing;
        }
        if matches!(self.pane, Pane::Help | Pane::Difference(_)) {
            return self.look();
        }
        Action::Leave
    }

    fn press_for_selected(&mut self, key: Key) -> Action {
        let Some(selected) = self.selected() else {
            return Action::Nothing;
        };
        let (number, current, pinned) =
            (selected.summary.number, selected.current, selected.pinned);
        match key {
            Key::Enter | Key::Char('s') if current => {
                self.message = format!("generation {number} is current already");
                Action::Nothing
            }
            Key::Enter | Key::Char('s') => {
                self.mode = Mode::Confirm(number);
                Action::Nothing
            }
            Key::Char('d') => Action::Compare(self.base.unwrap_or(self.list.current), number),
            Key::Char('m') => {
                self.base = Some(number);
                self.message = format!("`d` compares with generation {number} now");
                Action::Nothing
            }
            Key::Char('l') => {
                let label = selected.summary.label.as_ref();
                self.mode = Mode::Label(label.map(ToString::to_string).unwrap_or_default());
                Action::Nothing
            }
            Key::Char('p') if pinned => Action::Unpin(number),
            Key::Char('p') => Action::Pin(number),
            _ => Action::Nothing,
        }
    }

    fn press_in_label(&mut self, mut text: String, key: Key) -> Action {
        match key {
            Key::Escape => return Action::Nothing,
            Key::Enter => {
                let Some(number) = self.selected().map(|it| it.summary.number) else {
                    return Action::Nothing;
                };
                if text.trim().is_empty() {
                    return Action::Label(number, None);
                }
                match text.trim().parse() {
                    Ok(label) => return Action::Label(number, Some(label)),
                    // What was typed stays, to be mended.
                    Err(error) => self.message = error.to_string(),
                }
            }
            _ => type_into(&mut text, key),
        }
        self.mode = Mode::Label(text);
        Action::Nothing
    }

    fn press_in_search(&mut self, mut text: String, key: Key) -> Action {
        match key {
            Key::Escape => return Action::Nothing,
            Key::Enter => {
                self.searched = text;
                return self.search_on();
            }
            _ => type_into(&mut text, key),
        }
        self.mode = Mode::Search(text);
        Action::Nothing
    }

    /// Goes to the next one, from the top again after the last, that has the words in its number, label or note.
    fn search_on(&mut self) -> Action {
        let words = self.searched.to_lowercase();
        let count = self.list.generations.len();
        let found = (1..=count)
            .map(|step| (self.selected + step) % count)
            .find(|at| !words.is_empty() && is_about(&self.list.generations[*at], &words));
        if let Some(at) = found {
            return self.go_to(at);
        }
        self.message = format!("no generation has `{}`", self.searched);
        Action::Nothing
    }

    fn go_to(&mut self, at: usize) -> Action {
        if at == self.selected && !matches!(self.pane, Pane::Nothing) {
            return Action::Nothing;
        }
        self.selected = at;
        self.look()
    }

    fn look(&self) -> Action {
        match self.selected() {
            Some(selected) => Action::Look(selected.summary.number),
            None => Action::Nothing,
        }
    }

    /// Shows what is in the selected one.
    pub fn tell(&mut self, report: GenerationReport) {
        self.pane = Pane::About(Box::new(report));
        self.scroll = 0;
    }

    /// Shows in what two differ.
    pub fn tell_difference(&mut self, report: DiffReport) {
        self.pane = Pane::Difference(Box::new(report));
        self.scroll = 0;
    }

    /// Says something in the last line.
    pub fn say(&mut self, message: impl Into<String>) {
        self.message = message.into();
    }

    /// Takes what there is now; the same generation stays selected, or the one that is nearest to it.
    pub fn renew(&mut self, list: GenerationListReport) -> Action {
        let number = self.selected().map(|it| it.summary.number);
        self.list = list;
        let at = self
            .list
            .generations
            .partition_point(|it| Some(it.summary.number) < number);
        self.selected = at.min(self.list.generations.len().saturating_sub(1));
        self.look()
    }

    pub(super) fn list(&self) -> &GenerationListReport {
        &self.list
    }

    pub(super) fn selected_index(&self) -> usize {
        self.selected
    }

    pub(super) fn pane(&self) -> &Pane {
        &self.pane
    }

    pub(super) fn scroll(&self) -> u16 {
        self.scroll
    }

    pub(super) fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(super) fn base(&self) -> Option<GenerationNumber> {
        self.base
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    fn selected(&self) -> Option<&ListedGeneration> {
        self.list.generations.get(self.selected)
    }
}

fn type_into(text: &mut String, key: Key) {
    match key {
        Key::Backspace => drop(text.pop()),
        Key::Char(c) if !c.is_control() && text.len() < 200 => text.push(c),
        _ => {}
    }
}

fn is_about(listed: &ListedGeneration, words: &str) -> bool {
    let summary = &listed.summary;
    let label = summary.label.as_ref().map(ToString::to_string);
    [
        Some(summary.number.to_string()),
        label,
        summary.note.clone(),
    ]
    .into_iter()
    .flatten()
    .any(|text| text.to_lowercase().contains(words))
}
