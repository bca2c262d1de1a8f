//! Home files changed where they are: seen, edited, adopted, restored.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Ran;
use super::Sandbox;

const MANIFEST: &str = "\
# of this machine
files:
  .text:   # a text
    text: |   # as it is
      one
      two

  # between
  .short: {text: short}   # behind
  .source: {source: files/source}
  .copy: {source: files/source, as: copy}
  .run: {source: files/run}
  .folder: {source: files/folder}
  .links: {source: files/folder, as: links}
  .copies: {source: files/folder, as: copy}
  .template: {template: files/template, values: {port: 80, host: 'a'}}   # end
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.write("work/files/source", "source\n");
    sandbox.program("work/files/run", "#!/bin/sh\n");
    sandbox.write("work/files/folder/one", "1\n");
    sandbox.program("work/files/folder/deep/two", "2\n");
    sandbox.link("one", "work/files/folder/three");
    sandbox.write("work/files/template", "{{ host }}:{{ port }}\nend\n");
    sandbox.switch();
    sandbox
}

/// `dgmo switch` finds nothing to do, and nothing differs.
#[track_caller]
fn is_settled(sandbox: &Sandbox) {
    let target = sandbox.target();
    let report = sandbox.dgmo("switch --json").works().json();
    assert_eq!(report["outcome"], "unchanged", "{report}");
    sandbox.dgmo("status").works();
    target.assert_same(&sandbox.target(), "a switch with nothing to do");
    sandbox.dgmo("store verify").works();
}

fn found(sandbox: &Sandbox) -> Vec<(String, String, String)> {
    let document = sandbox.dgmo("status --json").json();
    let drift = document["drift"].as_array().unwrap().iter();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    drift
        .map(|one| (word(&one["path"]), word(&one["found"]), word(&one["code"])))
        .collect()
}

/// Every remedy the status names works as it is written, one drift after the other.
#[track_caller]
fn follow_remedies(sandbox: &Sandbox, which: usize) -> Vec<Ran> {
    let mut ran = Vec::new();
    for _ in 0..20 {
        let document = sandbox.dgmo("status --json").json();
        let drift = document["drift"].as_array().unwrap();
        let Some(first) = drift.first() else {
            return ran;
        };
        let remedies = first["remedies"].as_array().unwrap();
        let command = remedies[which.min(remedies.len() - 1)].as_str().unwrap();
        ran.push(sandbox.sh(command).works());
    }
    panic!("there is no end to it: {ran:?}");
}

fn make_every_drift(sandbox: &Sandbox) {
    sandbox.remove("user/.text");
    sandbox.remove("user/.source");
    sandbox.write("user/.source", "changed\n");
    sandbox.write("user/.copy", "changed\n");
    sandbox.remove("user/.short");
    sandbox.link("elsewhere", "user/.short");
    sandbox.remove("user/.run");
    sandbox.write("user/.run/in/here", "mine\n");
    sandbox.write("user/.links/new", "new\n");
    sandbox.write("user/.copies/it is", "odd\n");
    sandbox.dgmo("edit .template --no-editor").works();
}

#[test]
fn status_names_each_drift_with_its_code_and_remedies() {
    let sandbox = sandbox();
    make_every_drift(&sandbox);
    let expected = [
        (".copies/it is", "unknown", "DG3525"),
        (".copy", "changed", "DG3521"),
        (".links/new", "unknown", "DG3525"),
        (".run", "folder", "DG3524"),
        (".short", "foreign-link", "DG3523"),
        (".source", "changed", "DG3521"),
        (".template", "editable", "DG3522"),
        (".text", "missing", "DG3520"),
    ];
    let expected = expected.map(|(path, found, code)| (path.into(), found.into(), code.into()));
    assert_eq!(found(&sandbox), expected);
    let ran = sandbox.dgmo("status").exits(3);
    ran.says("`dgmo adopt '.copies/it is'`")
        .says("`dgmo adopt .source` or `dgmo restore .source`")
        .says(".short is a link to somewhere else, elsewhere");
}

#[test]
fn the_first_remedy_of_each_drift_works_as_written() {
    let sandbox = sandbox();
    make_every_drift(&sandbox);
    // Both come from one source; they must agree.
    sandbox.dgmo("restore .copy").works();
    follow_remedies(&sandbox, 0);
    is_settled(&sandbox);
    assert_eq!(sandbox.read("work/files/source"), "changed\n");
    assert_eq!(sandbox.read("work/files/folder/it is"), "odd\n");
    assert!(sandbox.user().join(".short.edited").is_symlink());
}

#[test]
fn the_last_remedy_of_each_drift_works_as_written() {
    let sandbox = sandbox();
    make_every_drift(&sandbox);
    follow_remedies(&sandbox, 1);
    is_settled(&sandbox);
    assert_eq!(sandbox.read("work/files/source"), "source\n");
    assert_eq!(sandbox.read("user/.source.edited"), "changed\n");
    assert_eq!(sandbox.read("user/.run.edited/in/here"), "mine\n");
    assert_eq!(
        sandbox.read_link("user/.short.edited").to_str(),
        Some("elsewhere")
    );
}

#[test]
fn edit_and_restore_leave_everything_as_it_was() {
    let sandbox = sandbox();
    let before = sandbox.target();
    for file in [
        ".text",
        ".source",
        ".copy",
        ".run",
        ".folder",
        ".folder/deep/two",
        ".links/one",
        ".copies/one",
        ".template",
    ] {
        let ran = sandbox
            .dgmo(&format!("edit {file} --no-editor --dry-run"))
            .works();
        before.assert_same(
            &sandbox.target(),
            &format!("a look changed something: {ran}"),
        );
        sandbox.dgmo(&format!("edit {file} --no-editor")).works();
        let path = sandbox.user().join(file);
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(!metadata.is_symlink(), "{file}");
        assert!(metadata.permissions().mode() & 0o200 != 0, "{file}");
        sandbox
            .dgmo(&format!("edit {file} --no-editor"))
            .works()
            .says("already");
        sandbox.dgmo(&format!("restore {file}")).works();
        before.assert_same(&sandbox.target(), &format!("after restoring {file}"));
    }
    is_settled(&sandbox);
}

#[test]
fn a_switch_refuses_to_lose_what_is_being_edited() {
    let sandbox = sandbox();
    sandbox.dgmo("edit .text --no-editor").works();
    sandbox.write("user/.text", "edited\n");
    sandbox.dgmo("edit .folder --no-editor").works();
    sandbox.write("user/.folder/one", "edited\n");
    let before = sandbox.target();
    let ran = sandbox.dgmo("switch").fails("DG3020");
    ran.says("dgmo adopt").says("dgmo restore").says("--backup");
    sandbox.manifest("files: {.text: {text: other}}\n");
    sandbox.dgmo("switch").fails("DG3020");
    before.assert_same(&sandbox.target(), "a refused switch changed something");
    sandbox.dgmo("switch --backup").works();
    assert_eq!(sandbox.read("user/.text"), "other");
    assert_eq!(sandbox.read("user/.text.before-dgmo"), "edited\n");
}

#[test]
fn what_is_adopted_is_in_the_source_and_a_switch_is_a_no_op() {
    for (file, at, source) in [
        (".source", ".source", "files/source"),
        (".copy", ".copy", "files/source"),
        (".links/one", ".links/one", "files/folder/one"),
        (
            ".copies/deep/two",
            ".copies/deep/two",
            "files/folder/deep/two",
        ),
        (".folder", ".folder/one", "files/folder/one"),
        (
            ".folder/deep/two",
            ".folder/deep/two",
            "files/folder/deep/two",
        ),
    ] {
        let sandbox = sandbox();
        let manifest = sandbox.read("work/dgmo.yaml");
        sandbox.dgmo(&format!("edit {file} --no-editor")).works();
        sandbox.write(format!("user/{at}"), "edited\n");
        let target = sandbox.target();
        sandbox.dgmo(&format!("adopt {file} --dry-run")).works();
        target.assert_same(&sandbox.target(), "a look changed something");
        assert_ne!(sandbox.read(format!("work/{source}")), "edited\n");
        let report = sandbox.dgmo(&format!("adopt {file} --json")).works().json();
        assert_eq!(report["switch"]["generation"], 2, "{report}");
        assert_eq!(sandbox.read(format!("work/{source}")), "edited\n");
        assert_eq!(sandbox.read(format!("user/{at}")), "edited\n");
        assert_eq!(sandbox.read("work/dgmo.yaml"), manifest);
        is_settled(&sandbox);
        sandbox
            .dgmo(&format!("adopt {file}"))
            .works()
            .says("nothing to adopt");
        sandbox.dgmo("rollback 1").works();
        assert_ne!(sandbox.read(format!("user/{at}")), "edited\n");
        sandbox.dgmo("status").works();
    }
}

#[test]
fn texts_and_values_are_adopted_into_the_manifest_with_its_comments() {
    let sandbox = sandbox();
    let adopt = |file: &str, text: &str| {
        sandbox.dgmo(&format!("edit {file} --no-editor")).works();
        sandbox.write(format!("user/{file}"), text);
        sandbox.dgmo(&format!("adopt {file}")).works();
        assert_eq!(sandbox.read(format!("user/{file}")), text);
        is_settled(&sandbox);
    };
    adopt(".text", "one\n  three\n\nfour");
    adopt(".short", "longer: 'than' it was");
    adopt(".template", "b:8080\nend\n");
    let expected = MANIFEST
        .replace(
            "    text: |   # as it is\n      one\n      two\n",
            "    text: |-   # as it is\n      one\n        three\n\n      four\n",
        )
        .replace("{text: short}", "{text: \"longer: 'than' it was\"}")
        .replace("port: 80, host: 'a'", "port: 8080, host: 'b'");
    assert_eq!(
        sandbox.read("work/dgmo.yaml"),
        format!("dgmo: 1\n{expected}")
    );
}

#[test]
fn an_entry_of_an_included_manifest_is_adopted_there() {
    let sandbox = Sandbox::with("include: [more/base.yaml]\n");
    sandbox.write(
        "work/more/base.yaml",
        "dgmo: 1\nfiles:\n  .a: {text: a} # a\n  .b: {source: b}\n",
    );
    sandbox.write("work/more/b", "b");
    sandbox.switch();
    for (file, text) in [(".a", "new"), (".b", "new too")] {
        sandbox.remove(format!("user/{file}"));
        sandbox.write(format!("user/{file}"), text);
    }
    let main = sandbox.read("work/dgmo.yaml");
    // From anywhere: the generation knows its manifest.
    sandbox.sh("cd / && dgmo adopt --all").works();
    assert_eq!(sandbox.read("work/dgmo.yaml"), main);
    assert_eq!(
        sandbox.read("work/more/base.yaml"),
        "dgmo: 1\nfiles:\n  .a: {text: new} # a\n  .b: {source: b}\n"
    );
    assert_eq!(sandbox.read("work/more/b"), "new too");
    is_settled(&sandbox);
}

#[test]
fn a_folder_is_adopted_with_what_came_and_what_went() {
    let sandbox = sandbox();
    sandbox.dgmo("edit .folder --no-editor").works();
    sandbox.write("user/.folder/one", "changed\n");
    sandbox.write("user/.folder/made/here", "made\n");
    sandbox.remove("user/.folder/deep/two");
    sandbox.mode("user/.folder/one", 0o755);
    sandbox
        .dgmo("adopt .folder")
        .works()
        .says("is deleted from")
        .says("is new in");
    assert_eq!(sandbox.read("work/files/folder/made/here"), "made\n");
    assert!(!sandbox.exists("work/files/folder/deep/two"));
    let mode = fs::metadata(sandbox.work().join("files/folder/one")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o755);
    assert!(sandbox.user().join(".folder").is_symlink());
    assert_eq!(sandbox.read("user/.links/one"), "changed\n");
    is_settled(&sandbox);
}

#[test]
fn files_nobody_knows_are_adopted_into_the_folder() {
    let sandbox = sandbox();
    sandbox.write("user/.links/new/deep/file", "new\n");
    sandbox.program("user/.copies/tool", "#!/bin/sh\n");
    sandbox
        .dgmo("adopt .links/new/deep/file .copies/tool")
        .works();
    assert_eq!(sandbox.read("work/files/folder/new/deep/file"), "new\n");
    assert!(sandbox.user().join(".links/new/deep/file").is_symlink());
    assert_eq!(sandbox.read("user/.folder/tool"), "#!/bin/sh\n");
    is_settled(&sandbox);
}

#[test]
fn a_source_that_changed_too_is_not_overwritten() {
    let sandbox = sandbox();
    let target = |sandbox: &Sandbox, file: &str| {
        sandbox.remove(format!("user/{file}"));
        sandbox.write(format!("user/{file}"), "here\n");
    };
    target(&sandbox, ".source");
    sandbox.write("work/files/source", "there\n");
    sandbox.dgmo("adopt .source").fails("DG3507");
    assert_eq!(sandbox.read("work/files/source"), "there\n");
    assert_eq!(sandbox.read("user/.source"), "here\n");
    // The same change on both sides is no conflict.
    sandbox.write("work/files/source", "here\n");
    sandbox.dgmo("adopt .source").works();
    is_settled(&sandbox);
}

#[test]
fn an_adoption_that_cannot_switch_changes_nothing() {
    let sandbox = sandbox();
    sandbox.dgmo("edit .source --no-editor").works();
    sandbox.write("user/.source", "edited\n");
    sandbox.write("user/.copy", "also mine\n");
    let (work, target) = (super::Snapshot::of(&sandbox.work()), sandbox.target());
    // It comes from the same source and would be overwritten.
    sandbox.dgmo("adopt .source").fails("DG3020").says(".copy");
    // What only the switch can find is told after the sources were written, and they are put back.
    sandbox.dgmo("restore .copy --discard").works();
    let manifest = sandbox.read("work/dgmo.yaml");
    sandbox.write(
        "work/dgmo.yaml",
        format!("{manifest}  .new: {{text: new}}\n"),
    );
    sandbox.write("user/.new", "mine");
    sandbox.dgmo("adopt .source").fails("DG3020");
    sandbox.remove("user/.new");
    sandbox.write("work/dgmo.yaml", manifest);
    sandbox.write("user/.copy", "also mine\n");
    work.assert_same(
        &super::Snapshot::of(&sandbox.work()),
        "an adoption that failed",
    );
    target.assert_same(&sandbox.target(), "an adoption that failed");
}

#[test]
fn restore_keeps_what_was_edited_unless_it_is_discarded() {
    let sandbox = sandbox();
    let before = sandbox.target();
    for count in ["", ".2"] {
        sandbox.dgmo("edit .text --no-editor").works();
        sandbox.write("user/.text", format!("edited{count}"));
        let ran = sandbox.dgmo("restore .text").works();
        ran.says(&format!(".text.edited{count}"));
        assert_eq!(
            sandbox.read(format!("user/.text.edited{count}")),
            format!("edited{count}")
        );
    }
    sandbox.dgmo("status").works();
    sandbox.remove("user/.text.edited");
    sandbox.remove("user/.text.edited.2");
    sandbox.dgmo("edit .folder --no-editor").works();
    sandbox.write("user/.folder/more", "more");
    sandbox.dgmo("edit .links/one --no-editor").works();
    sandbox.write("user/.links/one", "other");
    sandbox.dgmo("restore --all --discard").works();
    before.assert_same(&sandbox.target(), "discarding left something");
    sandbox
        .dgmo("restore --all")
        .works()
        .says("nothing to restore");
}

#[test]
fn a_file_is_named_in_every_way() {
    let sandbox = sandbox();
    let user = sandbox.user().display().to_string();
    let name = user.rsplit('/').next().unwrap().to_owned();
    for line in [
        "dgmo edit .links/one --no-editor".to_owned(),
        format!("dgmo edit {user}/.links/one --no-editor"),
        format!("dgmo edit ../{name}/.links/./one --no-editor"),
        "cd ~/.links && dgmo edit one --no-editor".to_owned(),
        "cd ~/.links && dgmo edit ./one --no-editor".to_owned(),
        "dgmo edit '~/.links/one' --no-editor".to_owned(),
    ] {
        sandbox.sh(&line).works();
        assert!(!sandbox.user().join(".links/one").is_symlink(), "{line}");
        sandbox.dgmo("restore .links").works();
    }
    sandbox.dgmo("edit .nothing").fails("DG3504");
    sandbox
        .dgmo("adopt .sourc")
        .fails("DG3504")
        .says("did you mean `.source`?");
    sandbox.dgmo("restore /etc/passwd").fails("DG3504");
    sandbox.dgmo("restore").exits(2);
}

#[test]
fn what_cannot_be_adopted_is_told_and_nothing_is_changed() {
    let sandbox = sandbox();
    let replace = |file: &str, text: &[u8]| {
        sandbox.remove(format!("user/{file}"));
        sandbox.write(format!("user/{file}"), text);
    };
    let before = super::Snapshot::of(&sandbox.work());
    replace(".template", b"a:80\nother end\n");
    sandbox
        .dgmo("adopt .template")
        .fails("DG3508")
        .says("files/template");
    replace(".text", b"\xff\xfe");
    sandbox.dgmo("adopt .text").fails("DG3510").says("source:");
    sandbox.remove("user/.source");
    sandbox
        .dgmo("adopt .source")
        .fails("DG3506")
        .says("is missing");
    sandbox.mode("user/.copy", 0o600);
    sandbox
        .dgmo("adopt .copy")
        .fails("DG3506")
        .says("permissions");
    sandbox.remove("user/.run");
    sandbox.link("x", "user/.run");
    sandbox.dgmo("adopt .run").fails("DG3506").says("link");
    before.assert_same(&super::Snapshot::of(&sandbox.work()), "a refused adoption");
    sandbox.manifest("files: {.other: {text: a}}\n");
    replace(".short", b"new");
    sandbox.dgmo("adopt .short").fails("DG3511");
}

#[test]
fn an_editor_is_only_asked_where_there_is_a_terminal() {
    let sandbox = sandbox();
    let ran = sandbox.run_with(&["edit", ".text"], &[("EDITOR", "/does/not/exist")]);
    ran.works().says("can be written now");
}
