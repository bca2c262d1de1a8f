//! Columns that line up.

use super::width;

/// Rows of cells. The last column is never padded, so a line does not end in blanks.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a heading.
    pub fn with_heading(cells: &[&str]) -> Self {
        let mut table = Self::default();
        table.row(cells.iter().map(|cell| (*cell).to_owned()).collect());
        table
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, each ended. On a terminal they fit its width: the widest columns are cut, and `…` says so.
    pub fn render(&self) -> String {
        self.render_in(width::of_stdout())
    }

    fn render_in(&self, room: Option<usize>) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width::of(cell)).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..columns).map(width).collect();
        if let Some(room) = room {
            fit(&mut widths, room);
        }
        let mut text = String::new();
        for row in &self.rows {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| padded(cell, *width))
                .collect();
            text.push_str(line.join(GAP).trim_end());
            text.push('\n');
        }
        text
    }
}

/// What stands between two columns.
const GAP: &str = "  ";

/// A column is never cut to less: a few letters still tell one row from another.
const NARROWEST: usize = 8;

/// Takes from the widest columns, the last of them first, until all fit.
fn fit(widths: &mut [usize], room: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let mut too_much = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
    while too_much > 0 {
        let widest = widths.iter_mut().max_by_key(|width| **width);
        let Some(widest) = widest.filter(|width| **width > NARROWEST) else {
            return;
        };
        *widest -= 1;
        too_much -= 1;
    }
}

fn padded(cell: &str, columns: usize) -> String {
    let cell = width::cut(cell, columns);
    let rest = columns.saturating_sub(width::of(&cell));
    cell + &" ".repeat(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_without_blanks() {
        let mut table = Table::with_heading(&["N", "when"]);
        table.row(vec!["10".to_owned(), "now".to_owned()]);
        assert_eq!(table.render_in(None), "N   when\n10  now\n");
    }

    #[test]
    fn the_widest_column_gives_way_on_a_narrow_terminal() {
        let mut table = Table::default();
        table.row(vec![
            "1".to_owned(),
            "日本語の長い名前".to_owned(),
            "x".repeat(30),
        ]);
        table.row(vec!["2".to_owned(), "short".to_owned(), "y".to_owned()]);
        let text = table.render_in(Some(30));
        for line in text.lines() {
            assert!(width::of(line) <= 30, "{line}");
        }
        assert_eq!(
            text,
            "1  日本語の長い…  xxxxxxxxxxx…\n2  short          y\n"
        );
        assert!(table.render_in(Some(3)).contains('…'));
        assert!(!table.render_in(None).contains('…'));
    }
}
