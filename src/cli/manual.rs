//! The manual pages that are checked in under `packaging/man/`, made from the help of the commands.

use clap::Command;
use clap::CommandFactory;

use super::Cli;

/// Every page: the name of its file, and its text.
fn pages() -> Vec<(String, String)> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add_pages(&command, "dgmo", &mut pages);
    pages
}

fn add_pages(command: &Command, name: &str, pages: &mut Vec<(String, String)>) {
    // The page calls itself as its file: `dgmo-store-add`.
    // A test may leak a few names; clap takes others only with a feature that the program does not need.
    let page = command.clone().name(&*name.to_owned().leak()).version("");
    let manual = clap_mangen::Man::new(page)
        .title(name.to_uppercase())
        .source(concat!("dgmo ", env!("CARGO_PKG_VERSION")))
        .manual("dgmo");
    let mut text = Vec::new();
    manual.render(&mut text).unwrap();
    pages.push((format!("{name}.1"), String::from_utf8(text).unwrap()));
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        add_pages(below, &format!("{name}-{}", below.get_name()), pages);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::pages;

    /// Run with `UPDATE_MANUAL=1` to write them anew.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test may rewrite checked-in files when asked to"
    )]
    fn the_manual_pages_in_the_repository_are_those_of_the_commands() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/man");
        let update = std::env::var_os("UPDATE_MANUAL").is_some();
        let pages = pages();
        if update {
            drop(std::fs::remove_dir_all(&folder));
            std::fs::create_dir_all(&folder).unwrap();
        }
        for (name, text) in &pages {
            let file = folder.join(name);
            if update {
                std::fs::write(&file, text).unwrap();
            }
            let found = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(
                found == *text,
                "{} is not current: run this test with UPDATE_MANUAL=1",
                file.display()
            );
        }
        let count = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(count, pages.len(), "a page of a command that is gone");
    }
}
