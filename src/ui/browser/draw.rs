//! The browser on a screen: a list, what is in the selected one, and a line of keys. Nothing is told by colour.

use dgmo_schema::report::generation::Change;
use dgmo_schema::report::generation::DiffReport;
use dgmo_schema::report::generation::GenerationReport;
use dgmo_schema::report::generation::ListedGeneration;
use ratatui::Frame;
use ratatui::layout::Constraint;
use ratatui::layout::Direction;
use ratatui::layout::Layout;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Block;
use ratatui::widgets::Paragraph;
use ratatui::widgets::Row;
use ratatui::widgets::Table;
use ratatui::widgets::TableState;
use ratatui::widgets::Wrap;

use super::Browser;
use super::state::Mode;
use super::state::Pane;
use crate::ui;

/// From this width on the pane stands beside the list, else below it.
const WIDE: u16 = 100;

const KEYS: &str = "↑↓ move  enter switch  d diff  m mark  l label  p pin  / find  ? help  q quit";

const HELP: &[&str] = &[
    "↑ ↓  j k        the generation above, below",
    "PgUp PgDn       ten of them",
    "g G             the first, the last",
    "J K             scroll what is shown beside the list",
    "enter  s        make it current (asks first)",
    "d               compare: what has it that the current one has not?",
    "m               compare with this one from now on (esc: with the current one)",
    "l               give it a label, or take it away",
    "p               pin it, or let the rule decide again",
    "/  n            find in numbers, labels and notes; the next one",
    "?  h            this help",
    "esc             back",
    "q  ctrl-c       leave",
];

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, browser: &Browser) {
    let [title, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(title_line(browser), title);
    let direction = if body.width >= WIDE {
        Direction::Horizontal
    } else {
        Direction::Vertical
    };
    let [list, pane] =
        Layout::new(direction, [Constraint::Fill(1), Constraint::Fill(1)]).areas(body);
    draw_list(frame, browser, list);
    draw_pane(frame, browser, pane);
    frame.render_widget(foot_line(browser), foot);
}

fn title_line(browser: &Browser) -> Line<'static> {
    let list = browser.list();
    let base = match browser.base() {
        Some(base) => format!("  ·  compared with {base}"),
        None => String::new(),
    };
    let text = format!(
        "profile {}  ·  generation {} is current{base}",
        list.profile, list.current
    );
    Line::from(text).style(strong())
}

fn foot_line(browser: &Browser) -> Line<'static> {
    match browser.mode() {
        Mode::List if browser.message().is_empty() => Line::from(KEYS).style(faint()),
        Mode::List => Line::from(one_line(browser.message())).style(strong()),
        Mode::Label(text) if browser.message().is_empty() => {
            Line::from(format!("label (enter: set, esc: leave): {text}▏"))
        }
        Mode::Label(text) => Line::from(format!("{text}▏  {}", one_line(browser.message()))),
        Mode::Search(text) => Line::from(format!("find: {text}▏")),
        Mode::Confirm(number) => {
            Line::from(format!("make generation {number} current? y/n")).style(strong())
        }
    }
}

fn draw_list(frame: &mut Frame<'_>, browser: &Browser, area: Rect) {
    let rows = browser.list().generations.iter().map(row);
    let widths = [
        Constraint::Length(2),
        Constraint::Length(6),
        Constraint::Length(20),
        Constraint::Length(5),
        Constraint::Length(5),
        Constraint::Fill(1),
    ];
    let heading = Row::new(["", "N", "MADE", "PKGS", "FILES", "LABEL / NOTE"]).style(faint());
    let table = Table::new(rows, widths)
        .header(heading)
        .block(Block::bordered().title("generations"))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .highlight_symbol("> ");
    let mut state = TableState::new().with_selected(browser.selected_index());
    frame.render_stateful_widget(table, area, &mut state);
}

fn row(listed: &ListedGeneration) -> Row<'static> {
    let summary = &listed.summary;
    let mark = match (listed.current, listed.pinned) {
        (true, true) => "*^",
        (true, false) => "*",
        (false, true) => "^",
        (false, false) => "",
    };
    let label = summary.label.as_ref().map(ToString::to_string);
    let words: Vec<String> = label.into_iter().chain(summary.note.clone()).collect();
    Row::new([
        mark.to_owned(),
        summary.number.to_string(),
        summary.made_at.to_string(),
        summary.package_count.to_string(),
        summary.file_count.to_string(),
        one_line(&words.join(" · ")),
    ])
}

fn draw_pane(frame: &mut Frame<'_>, browser: &Browser, area: Rect) {
    let (title, lines) = match browser.pane() {
        Pane::Nothing => (String::new(), Vec::new()),
        Pane::Help => {
            let lines = HELP.iter().map(|line| (*line).to_owned()).collect();
            ("keys".to_owned(), lines)
        }
        Pane::About(report) => (
            format!("generation {}", report.summary.number),
            about(report),
        ),
        Pane::Difference(report) => (
            format!("from {} to {}", report.from, report.to),
            difference(report),
        ),
    };
    let lines: Vec<Line<'_>> = lines
        .iter()
        .map(|line| Line::from(one_line(line)))
        .collect();
    // Scrolled past its end there would be nothing to see.
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(1);
    let paragraph = Paragraph::new(lines)
        .block(Block::bordered().title(title))
        .wrap(Wrap { trim: false })
        .scroll((browser.scroll().min(most), 0));
    frame.render_widget(paragraph, area);
}

fn about(report: &GenerationReport) -> Vec<String> {
    let summary = &report.summary;
    let mut lines = vec![format!(
        "made by `{}` from generation {}",
        summary.made_from, summary.parent
    )];
    lines.extend(summary.note.iter().map(|note| format!("note: {note}")));
    lines.extend(
        report
            .manifest
            .iter()
            .map(|path| format!("manifest: {path}")),
    );
    let mut section = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push(String::new());
            lines.push(format!("{title} ({})", rows.len()));
            lines.extend(rows.into_iter().map(|row| format!("  {row}")));
        }
    };
    let packages = report.packages.iter().map(|(name, package)| {
        let version = package.version.clone().unwrap_or_default();
        format!("{name} {version}")
    });
    section("packages", packages.collect());
    section("home files", report.files.keys().cloned().collect());
    let env = report.env.iter();
    section(
        "environment",
        env.map(|(name, value)| format!("{name}={value}")).collect(),
    );
    lines
}

fn difference(report: &DiffReport) -> Vec<String> {
    if report.is_empty() {
        return vec!["no difference".to_owned()];
    }
    let sign = |change| match change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
    };
    let mut lines: Vec<String> = report
        .packages
        .iter()
        .map(|package| {
            let versions = match (&package.from, &package.to) {
                (Some(from), Some(to)) if from != to => format!(" {from} → {to}"),
                (_, Some(version)) | (Some(version), None) => format!(" {version}"),
                (None, None) => String::new(),
            };
            format!(
                "{} package {}{versions}",
                sign(package.change),
                package.name
            )
        })
        .collect();
    for (kind, changes) in [("file", &report.files), ("variable", &report.env)] {
        let told = changes.iter();
        lines.extend(told.map(|it| format!("{} {kind} {}", sign(it.change), it.name)));
    }
    if let Some(bytes) = report.size_change {
        lines.push(String::new());
        lines.push(format!("{} in packages", ui::signed_bytes(bytes)));
    }
    lines
}

/// What people wrote may hold what would move the cursor.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
