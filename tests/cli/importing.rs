//! `dgmo import`: what other tools keep becomes a manifest, and the switch that follows finds nothing in its way.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dgmo_schema::report::import::ImportReport;

use super::Ran;
use super::Sandbox;

fn import(sandbox: &Sandbox, line: &str) -> ImportReport {
    report(&sandbox.dgmo(&format!("import --json {line}")).works())
}

fn report(ran: &Ran) -> ImportReport {
    let report: ImportReport = serde_json::from_value(ran.json()).unwrap();
    assert_eq!(serde_json::to_value(&report).unwrap(), ran.json());
    report
}

fn paths(report: &ImportReport) -> Vec<&str> {
    report.files.iter().map(|file| file.path.as_str()).collect()
}

fn left(report: &ImportReport) -> Vec<&str> {
    let all = report.not_mapped.iter();
    all.map(|left| left.what.as_str()).collect()
}

/// The switch works without being told what to do with files in the way, nothing is set aside, and the way back to
/// before dgmo leaves the target folder as it was.
#[track_caller]
fn switches_and_comes_back(sandbox: &Sandbox) {
    let before = sandbox.target();
    sandbox
        .dgmo("switch --dry-run")
        .works()
        .says_nothing_of("in the way");
    sandbox.switch();
    let status = sandbox.dgmo("status --json").works().json();
    assert_eq!(status["set_aside"].as_array().unwrap().len(), 0);
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "not as it was before dgmo");
    sandbox.dgmo("rollback 1").works();
}

/// As `stow` has made it: one link for `.zshrc`, one for the whole of `.config/nvim`, and one for each file in
/// `.local/bin`, where the user has something of their own.
fn stowed(sandbox: &Sandbox) {
    sandbox.write("user/dots/zsh/.zshrc", "zsh\n");
    sandbox.write("user/dots/zsh/README.md", "not this\n");
    sandbox.write("user/dots/nvim/.config/nvim/init.lua", "lua\n");
    sandbox.write("user/dots/nvim/.config/nvim/lua/x.lua", "x\n");
    sandbox.program("user/dots/tools/.local/bin/today", "#!/bin/sh\n");
    sandbox.program("user/dots/more/.local/bin/more", "#!/bin/sh\n");
    sandbox.write("user/dots/more/dot-inputrc", "never stowed\n");
    sandbox.write("user/dots/more/.gitignore", "not this\n");
    sandbox.write("user/.local/bin/mine", "mine\n");
    sandbox.link("dots/zsh/.zshrc", "user/.zshrc");
    sandbox.link("../dots/nvim/.config/nvim", "user/.config/nvim");
    sandbox.link("../../dots/tools/.local/bin/today", "user/.local/bin/today");
    sandbox.link("../../dots/more/.local/bin/more", "user/.local/bin/more");
}

#[test]
fn a_stow_folder_is_taken_over_link_by_link() {
    let sandbox = Sandbox::new();
    stowed(&sandbox);
    let report = import(&sandbox, "../user/dots");
    assert_eq!(report.kind, "stow");
    assert_eq!(
        paths(&report),
        [
            ".config/nvim",
            ".inputrc",
            ".local/bin/more",
            ".local/bin/today",
            ".zshrc"
        ]
    );
    assert!(report.not_mapped.is_empty(), "{:?}", report.not_mapped);
    let text = sandbox.read("work/dgmo.yaml");
    assert_eq!(text, report.text);
    assert!(
        text.contains("\".zshrc\": {source: \"~/dots/zsh/.zshrc\"}"),
        "{text}"
    );
    switches_and_comes_back(&sandbox);
    let link = sandbox.read_link("user/.config/nvim");
    assert!(link.starts_with(sandbox.home()), "{}", link.display());
    assert_eq!(sandbox.read("user/.config/nvim/lua/x.lua"), "x\n");
    // What the user put there is untouched.
    assert_eq!(sandbox.read("user/.local/bin/mine"), "mine\n");
    sandbox
        .dgmo("import ../user/dots")
        .exits(1)
        .fails("DG1050")
        .says("-o FILE");
}

#[test]
fn a_link_that_shows_something_else_is_still_in_the_way() {
    let sandbox = Sandbox::new();
    stowed(&sandbox);
    import(&sandbox, "../user/dots");
    sandbox.remove("user/.zshrc");
    sandbox.write("user/other", "other\n");
    sandbox.link("other", "user/.zshrc");
    let before = sandbox.target();
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG3020")
        .says(".zshrc");
    before.assert_same(&sandbox.target(), "a refused switch changed something");
    sandbox.dgmo("switch --backup").works();
    assert_eq!(
        sandbox.read_link("user/.zshrc.before-dgmo").to_str(),
        Some("other")
    );
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "not as it was before dgmo");
}

#[test]
fn a_link_that_was_taken_over_comes_back_when_the_path_is_given_up() {
    let sandbox = Sandbox::with("files: {.a: {source: ../user/real}, .b: {text: b}}\n");
    sandbox.write("user/real", "the same\n");
    sandbox.link("real", "user/.a");
    sandbox.switch();
    sandbox.manifest("files: {.a: {text: another}, .b: {text: b}}\n");
    sandbox.switch();
    sandbox.manifest("files: {.b: {text: b}}\n");
    sandbox.switch();
    assert_eq!(sandbox.read_link("user/.a").to_str(), Some("real"));
    // The user replaces it: then it is theirs, also when the path is asked for again.
    sandbox.dgmo("rollback 1").works();
    sandbox.remove("user/.a");
    sandbox.write("user/.a", "mine\n");
    sandbox.dgmo("rollback 0").works();
    assert_eq!(sandbox.read("user/.a"), "mine\n");
}

#[test]
fn a_chezmoi_folder_becomes_real_files_with_their_modes() {
    let sandbox = Sandbox::new();
    let source = "user/.local/share/chezmoi";
    for (name, text) in [
        ("dot_zshrc", "zsh\n"),
        ("private_dot_ssh/private_config", "Host x\n"),
        ("dot_local/bin/executable_tool", "#!/bin/sh\n"),
        ("dot_gitconfig.tmpl", "{{ .email }}\n"),
        ("run_once_install.sh", "#!/bin/sh\n"),
        ("symlink_dot_vimrc", "other\n"),
        ("encrypted_dot_key.age", "x\n"),
        ("README.md", "read me\n"),
        (".chezmoiignore", "README.md\n"),
        (".git/HEAD", "ref\n"),
    ] {
        sandbox.write(format!("{source}/{name}"), text);
    }
    // As chezmoi has put it in place; the umask took a bit of the first.
    sandbox.write("user/.zshrc", "zsh\n");
    sandbox.mode("user/.zshrc", 0o640);
    sandbox.write("user/.ssh/config", "Host x\n");
    sandbox.mode("user/.ssh/config", 0o600);
    sandbox.program("user/.local/bin/tool", "#!/bin/sh\n");
    let report = import(&sandbox, "../user/.local/share/chezmoi");
    assert_eq!(report.kind, "chezmoi");
    assert_eq!(paths(&report), [".local/bin/tool", ".ssh/config", ".zshrc"]);
    let left = left(&report);
    for expected in [
        ".gitconfig.tmpl",
        "run_once_install.sh",
        ".vimrc",
        ".key.age",
        ".ssh",
    ] {
        assert!(left.contains(&expected), "{expected}: {left:?}");
    }
    assert!(
        report.text.contains("mode: \"0640\", as: copy"),
        "{}",
        report.text
    );
    let before = sandbox.target();
    switches_and_comes_back(&sandbox);
    before.assert_same(&sandbox.target(), "what is the same already was touched");
    let mode = fs::metadata(sandbox.user().join(".ssh/config"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn home_managers_files_are_copied_and_its_links_replaced() {
    let sandbox = Sandbox::new();
    let store = sandbox.root().join("nix-store");
    sandbox.write("nix-store/aaa-hm_zshrc", "zsh\n");
    sandbox.program("nix-store/bbb-hm_tool", "#!/bin/sh\n");
    sandbox.write("nix-store/ccc-nvim/init.lua", "lua\n");
    sandbox.write("nix-store/ddd-plugin/x.lua", "x\n");
    sandbox.link(
        store.join("ddd-plugin/x.lua"),
        "nix-store/ccc-nvim/plugin.lua",
    );
    let files = "nix-store/eee-home-manager-files";
    sandbox.link(store.join("aaa-hm_zshrc"), &format!("{files}/.zshrc"));
    sandbox.link(
        store.join("bbb-hm_tool"),
        &format!("{files}/.local/bin/tool"),
    );
    sandbox.link(store.join("ccc-nvim"), &format!("{files}/.config/nvim"));
    sandbox.link(store.join("gone"), &format!("{files}/.gone"));
    sandbox.write(format!("{files}/.cache/.keep"), "");
    sandbox.link(
        sandbox.root().join(files),
        "nix-store/fff-generation/home-files",
    );
    for path in [".zshrc", ".local/bin/tool"] {
        sandbox.link(
            sandbox.root().join(files).join(path),
            &format!("user/{path}"),
        );
    }
    let report = import(&sandbox, "../nix-store/fff-generation -o own/dgmo.yaml");
    assert_eq!(report.kind, "home-manager");
    assert_eq!(
        paths(&report),
        [".config/nvim", ".local/bin/tool", ".zshrc"]
    );
    assert_eq!(left(&report), [".gone"]);
    // The Nix store may go.
    sandbox.rename("work/own/dgmo.yaml", "work/own/kept.yaml");
    let again = import(&sandbox, "../nix-store/fff-generation -o own/dgmo.yaml");
    assert_eq!(again.text, report.text);
    assert_eq!(
        sandbox.read("work/own/files/.config/nvim/plugin.lua"),
        "x\n"
    );
    let before = sandbox.target();
    sandbox.dgmo("switch -f own/dgmo.yaml").works();
    assert_eq!(sandbox.read("user/.config/nvim/init.lua"), "lua\n");
    sandbox.sh("~/.local/bin/tool").works();
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "not as it was before dgmo");
    // A copy that somebody changed is not overwritten.
    sandbox.remove("work/own/dgmo.yaml");
    sandbox.write("work/own/files/.zshrc", "changed\n");
    sandbox
        .dgmo("import ../nix-store/fff-generation -o own/dgmo.yaml")
        .exits(1)
        .fails("DG1050")
        .says("with other content");
    assert!(!sandbox.exists("work/own/dgmo.yaml"));
}

#[test]
fn programs_are_taken_from_where_they_are() {
    let sandbox = Sandbox::new();
    sandbox.program("brew/Cellar/jq/1.7/bin/jq", "#!/bin/sh\necho jq\n");
    sandbox.write("brew/Cellar/jq/1.7/share/doc", "of jq\n");
    sandbox.link("../Cellar/jq/1.7", "brew/opt/jq");
    sandbox.program("brew/opt/fd/bin/fd", "#!/bin/sh\necho fd\n");
    sandbox.write("brew/opt/fd/share/doc", "of fd\n");
    sandbox.write(
        "work/Brewfile",
        "brew \"jq\"\nbrew \"fd\"\nbrew \"gone\"\ncask \"x\"\n",
    );
    let brew = sandbox.root().join("brew");
    let env = [("HOMEBREW_PREFIX", brew.to_str().unwrap())];
    let ran = sandbox
        .run_with(&["import", "Brewfile", "--json"], &env)
        .works();
    let report = report(&ran);
    let names: Vec<&str> = report.packages.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["fd", "jq"]);
    assert!(report.packages[1].folder.ends_with("Cellar/jq/1.7"));
    assert_eq!(left(&report), ["brew gone", "cask x"]);
    // Both have `share/doc`: the first wins, and nothing clashes.
    switches_and_comes_back(&sandbox);
    sandbox
        .sh("\"$(dgmo env --json | sed -n 's/.*\"\\(.*view.bin\\)\".*/\\1/p')/jq\"")
        .works()
        .says("jq");
}

#[test]
fn a_dry_run_prints_the_manifest_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "work/mise.toml",
        "[env]\nEDITOR = \"hx\"\n[tools]\nnode = \"20\"\n",
    );
    let before = sandbox.all();
    let ran = sandbox.dgmo("import mise.toml --dry-run").works();
    assert!(
        ran.stdout
            .starts_with("# Made by `dgmo import` from a mise.toml"),
        "{ran}"
    );
    assert!(
        ran.stderr.contains("node 20: it is not on this machine"),
        "{ran}"
    );
    before.assert_same(&sandbox.all(), "a look wrote something");
    sandbox
        .dgmo("import .")
        .works()
        .says("1 variable")
        .says("1 not mapped");
    sandbox.switch();
    sandbox.dgmo("env").works().says("export EDITOR='hx'");
}

#[test]
fn what_is_not_known_can_be_said() {
    let sandbox = Sandbox::new();
    sandbox.write("work/list", "brew \"jq\"\n");
    sandbox.dgmo("import list").exits(1).fails("DG3720");
    sandbox
        .dgmo("import brewfile list")
        .works()
        .says("brew jq (line 1)");
    sandbox.dgmo("import wrong list").exits(2).fails("DG4001");
    sandbox.dgmo("import nowhere").exits(1).fails("DG3721");
    sandbox.dgmo("import").exits(2);
}
