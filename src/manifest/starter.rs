//! The manifest `dgmo init` writes.

/// A manifest with nothing in it but words on what could be, and examples that need only lose their `# `.
pub const TEXT: &str = r#"# What this machine runs. `dgmo switch` makes it so, `dgmo rollback` takes it back.
dgmo: 1

# Programs: a folder or file of this machine, or an archive or single program to download.
packages:
  # notes: {path: ./tools/notes}
  # helix:
  #   url: https://example.org/helix-{version}-{system}.tar.xz
  #   version: "25.1"
  #   strip: 1                 # drop the archive's outer folder
  #   bin: [hx]                # show only this program

# Config files by their path below the home folder; sources lie beside this file.
files:
  # .gitconfig: {text: "[user]\n  name = me\n"}
  # .config/helix: {source: files/helix}
  # .config/app.ini: {template: files/app.ini, values: {port: 8080}}
  # .ssh/config: {source: files/ssh, mode: "0600", as: copy}

# Variables of the environment.
env:
  # EDITOR: hx

# More folders to search for programs, behind those of the packages.
path:
  # - ~/bin

# Old generations `dgmo gc` keeps, besides the current one and the one before it.
keep: {last: 10, days: 30}
"#;

#[cfg(test)]
mod tests {
    use dgmo_store::durable;

    use super::super::LoadedManifest;
    use super::super::add_package;
    use super::super::edit::tests::from_path;
    use super::super::load;
    use super::super::remove_package;
    use super::*;

    fn load_text(text: &str) -> LoadedManifest {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dgmo.yaml");
        durable::write_new(&path, text.as_bytes(), 0o644).unwrap();
        load(&path).unwrap()
    }

    #[test]
    fn the_starter_loads_and_can_be_edited() {
        let loaded = load_text(TEXT);
        assert!(loaded.manifest.packages.is_empty());
        assert_eq!(loaded.manifest.keep.last, 10);

        let name = "jq".parse().unwrap();
        let added = add_package(TEXT, &name, &from_path("./jq")).unwrap();
        assert!(added.contains("packages:\n  jq: {path: \"./jq\"}\n  # notes"));
        assert_eq!(remove_package(&added, &name).unwrap(), TEXT);
    }

    #[test]
    fn its_examples_load_once_they_are_no_comments() {
        let manifest = load_text(&TEXT.replace("\n  # ", "\n  ")).manifest;
        assert_eq!(manifest.packages.len(), 2);
        assert_eq!(manifest.files.len(), 4);
        assert_eq!(manifest.env["EDITOR"], "hx");
        assert_eq!(manifest.path, ["~/bin"]);
    }
}
