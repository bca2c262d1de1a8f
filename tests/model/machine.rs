//! The real thing beside the model: takes each step with both and compares.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use dgmo::activate::InTheWay;
use dgmo::activate::Known;
use dgmo::clock::Clock;
use dgmo::home::Home;
use dgmo::home::Wait;
use dgmo::ops;
use dgmo::ops::CollectRequest;
use dgmo::ops::Engine;
use dgmo::ops::Patience;
use dgmo::ops::PruneRequest;
use dgmo::ops::RestoreRequest;
use dgmo::ops::RollbackRequest;
use dgmo::ops::SecretsHow;
use dgmo::ops::SwitchRequest;
use dgmo::ops::Which;
use dgmo::resolve::Update;
use dgmo::source::Online;
use dgmo::source::Settings;
use dgmo_schema::code::Code;
use dgmo_schema::event::Silent;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::Keep;
use tempfile::TempDir;

use super::Step;
use super::model;
use super::model::Files;
use super::model::Model;
use super::model::PATHS;
use super::snapshot::Snapshot;

pub(crate) struct Machine {
    root: TempDir,
    model: Model,
    /// What the user wrote and did not delete: unique texts.
    texts: BTreeMap<u32, PathBuf>,
    written: u32,
}

impl Machine {
    pub(crate) fn new(files: &[usize]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for content in 0..3 {
            for (name, text) in model::folder(content) {
                let path = root.path().join(format!("folders/{content}/{name}"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        fs::create_dir(root.path().join("user")).unwrap();
        let mut machine = Self {
            root,
            model: Model::new(),
            texts: BTreeMap::new(),
            written: 0,
        };
        for path in files {
            machine.user_writes(PATHS[*path]);
        }
        machine
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.root.path().join("user")
    }

    fn engine(&self) -> Engine<'static> {
        let home = Home::at(self.root.path().join("home"));
        Engine {
            profile: home.profile("default".parse().unwrap()),
            home,
            target: None,
            default_target: self.target(),
            scope: dgmo::home::Scope::User,
            clock: Clock::Fixed(Timestamp::from_seconds(1_767_268_800)),
            observer: &Silent,
            wait: Wait::AtMost(Duration::from_mins(1)),
            online: Online::No,
            settings: Settings::default(),
            reread: false,
            not_after: None,
        }
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Switch { shapes, backup } => self.switch(model::files(shapes), *backup),
            Step::Fail { shapes, backup } => self.fail(&model::files(shapes), *backup),
            Step::Rollback { choice, backup } => self.rollback(self.model.any(*choice), *backup),
            Step::Prune { last } => self.prune(*last),
            Step::Pin { choice } => self.pin(self.model.any(*choice), true),
            Step::Unpin { choice } => self.pin(self.model.any(*choice), false),
            Step::Label { choice, name } => self.label(self.model.any(*choice), *name),
            Step::Collect => self.collect(),
            Step::UserWrites { path } => self.user_writes(PATHS[*path]),
            Step::UserRemoves { path } => self.user_removes(PATHS[*path]),
            Step::LinkIsLost { path } => self.link_is_lost(PATHS[*path]),
            Step::TreesAreLost => self.trees_are_lost(),
            Step::Edit { path } => self.edit(PATHS[*path]),
            Step::Restore => self.restore(),
        }
        self.compare(step);
    }

    /// Generation 0 at the end: nothing of ours is left, all of the user's is there.
    pub(crate) fn back_to_zero(&mut self) {
        if self.is_begun() {
            self.rollback(0, true);
        }
        let mut left = Vec::new();
        links_below(&self.target(), &mut left);
        assert!(left.is_empty(), "links of ours are left: {left:?}");
        self.texts_are_there();
    }

    fn is_begun(&self) -> bool {
        self.root
            .path()
            .join("home/profiles/default/current")
            .is_symlink()
    }

    fn switch(&mut self, files: Files, backup: bool) {
        let before = Snapshot::of(&self.target());
        let request = self.request(&files, backup, "");
        match ops::switch(&self.engine(), &request, &|_| ()) {
            Ok(_) => {
                self.model.switch(files);
                self.shows_current();
            }
            Err(failure) => {
                assert!(!backup && failure.code() == Code::InTheWay, "{failure:?}");
                before.assert_same(
                    &Snapshot::of(&self.target()),
                    "a refused switch changed something",
                );
            }
        }
    }

    /// A switch to `files`, with `more` in the manifest.
    fn request(&self, files: &Files, backup: bool, more: &str) -> SwitchRequest {
        let lines: String = files.values().map(model::Shape::line).collect();
        let manifest = self.root.path().join("dgmo.yaml");
        fs::write(&manifest, format!("dgmo: 1\nfiles:\n{lines}{more}")).unwrap();
        SwitchRequest {
            manifest,
            new_text: None,
            made_from: "switch",
            locked: false,
            dry_run: false,
            in_the_way: in_the_way(backup),
            secrets: SecretsHow::Missing,
            known: Known::default(),
            update: Update::Nothing,
            label: None,
            note: None,
            how: dgmo::ops::TrialHow::default(),
        }
    }

    /// What does not stand its trial leaves a number that is used up, and the generation before, whole.
    fn fail(&mut self, files: &Files, backup: bool) {
        let before = Snapshot::of(&self.target());
        let check = "checks: {never: {file: /no/such/file, interval: 1ms, fail_after: 1}}\n";
        let request = self.request(files, backup, check);
        let failure = ops::switch(&self.engine(), &request, &|_| ()).unwrap_err();
        if failure.code() == Code::CheckFailed {
            self.model.highest += 1;
            self.shows_current();
            let request = PruneRequest {
                generations: vec![self.model.highest.to_string()],
                keep: None,
                dry_run: false,
            };
            ops::prune(&self.engine(), &request).unwrap();
        } else {
            assert!(!backup && failure.code() == Code::InTheWay, "{failure:?}");
            before.assert_same(
                &Snapshot::of(&self.target()),
                "a refused switch changed something",
            );
        }
    }

    fn rollback(&mut self, to: u64, backup: bool) {
        if !self.is_begun() {
            return;
        }
        let before = Snapshot::of(&self.target());
        let request = RollbackRequest {
            to: Some(to.to_string()),
            dry_run: false,
            in_the_way: in_the_way(backup),
            secrets: SecretsHow::Missing,
            how: dgmo::ops::TrialHow::default(),
            note: None,
        };
        match ops::rollback(&self.engine(), &request) {
            Ok(_) => {
                self.model.go(to);
                self.shows_current();
            }
            Err(failure) => {
                assert!(!backup && failure.code() == Code::InTheWay, "{failure:?}");
                before.assert_same(
                    &Snapshot::of(&self.target()),
                    "a refused rollback changed something",
                );
            }
        }
    }

    fn prune(&mut self, last: u32) {
        if !self.is_begun() {
            return;
        }
        let request = PruneRequest {
            generations: Vec::new(),
            keep: Some(Keep {
                last,
                days: 0,
                pinned: true,
                labelled: true,
            }),
            dry_run: false,
        };
        let report = ops::prune(&self.engine(), &request).unwrap();
        let dropped: Vec<u64> = report.generations.iter().map(|number| number.0).collect();
        assert_eq!(dropped, self.model.prune(last as usize));
    }

    fn pin(&mut self, number: u64, pinned: bool) {
        if !self.is_begun() {
            return;
        }
        let words = number.to_string();
        if pinned {
            ops::pin(&self.engine(), &words).unwrap();
            self.model.pinned.insert(number);
        } else {
            ops::unpin(&self.engine(), &words).unwrap();
            self.model.pinned.remove(&number);
        }
    }

    fn label(&mut self, number: u64, name: usize) {
        if !self.is_begun() {
            return;
        }
        // 0 takes the label away.
        let label = (name > 0).then(|| format!("label-{name}").parse().unwrap());
        ops::label(&self.engine(), &number.to_string(), label.as_ref()).unwrap();
        if name > 0 {
            self.model.labels.insert(number, name);
        } else {
            self.model.labels.remove(&number);
        }
    }

    fn collect(&mut self) {
        if self.is_begun() {
            let request = CollectRequest {
                target_free: None,
                keep: None,
                keep_generations: true,
                dry_run: false,
                patience: Patience::Wait,
            };
            ops::collect(&self.engine(), &request).unwrap();
        }
    }

    /// As editors do: the old file goes, a new one comes.
    fn user_writes(&mut self, path: &str) {
        let at = self.target().join(path);
        let above = at.parent().unwrap();
        if fs::create_dir_all(above).is_err()
            || fs::canonicalize(above).unwrap() != above
            || at.is_dir() && !at.is_symlink()
        {
            return;
        }
        self.user_removes(path);
        self.written += 1;
        fs::write(&at, format!("of the user: {}", self.written)).unwrap();
        self.texts.insert(self.written, at);
    }

    fn user_removes(&mut self, path: &str) {
        let at = self.target().join(path);
        let above = at.parent().unwrap();
        if fs::canonicalize(above).is_ok_and(|real| real == above)
            && (at.is_symlink() || at.is_file())
        {
            let text = fs::read_to_string(&at).unwrap_or_default();
            if let Some(number) = number_in(&text) {
                self.texts.remove(&number);
            }
            fs::remove_file(&at).unwrap();
        }
    }

    /// A link or copy of ours disappears; a switch to the same brings it back.
    fn link_is_lost(&mut self, path: &str) {
        let text = fs::read_to_string(self.target().join(path)).unwrap_or_default();
        if number_in(&text).is_none() {
            self.user_removes(path);
            self.mend();
        }
    }

    fn trees_are_lost(&mut self) {
        let trees = self.root.path().join("home/store/trees");
        for tree in fs::read_dir(trees).into_iter().flatten().flatten() {
            remove(&tree.path());
        }
        self.mend();
    }

    /// What is edited shows the same until somebody writes to it.
    fn edit(&self, path: &str) {
        if !self.is_begun() {
            return;
        }
        let shown = |path: &Path| fs::read(path).ok();
        let at = self.target().join(path);
        let before = shown(&at);
        match ops::edit_file(&self.engine(), path, false, None) {
            Ok(_) => {
                assert_eq!(shown(&at), before, "{path} is another now");
                assert!(!at.is_symlink(), "{path} is still a link");
            }
            Err(failure) => assert!(
                // A folder whose files are there one by one is not edited as a whole.
                matches!(
                    failure.code(),
                    Code::NotManaged | Code::EditDrifted | Code::Usage
                ),
                "{failure:?}"
            ),
        }
    }

    fn restore(&self) {
        if !self.is_begun() {
            return;
        }
        let request = RestoreRequest {
            which: Which::All,
            discard: false,
            dry_run: false,
        };
        ops::restore(&self.engine(), &request).unwrap();
        self.shows_current();
    }

    fn mend(&mut self) {
        if self.model.current > 0 {
            let files = self.model.generations[&self.model.current].clone();
            self.switch(files, true);
        }
    }

    /// What the current generation says can be read in the target folder.
    fn shows_current(&self) {
        for shape in self.model.generations[&self.model.current].values() {
            for (path, text) in shape.shows() {
                let found = fs::read_to_string(self.target().join(&path));
                assert_eq!(
                    found.ok().as_deref(),
                    Some(&*text),
                    "{path} in generation {}",
                    self.model.current
                );
            }
        }
    }

    fn compare(&self, step: &Step) {
        self.texts_are_there();
        if !self.is_begun() {
            return;
        }
        let list = ops::list(&self.engine()).unwrap();
        let numbers: Vec<u64> = list
            .generations
            .iter()
            .map(|listed| listed.summary.number.0)
            .collect();
        let expected: Vec<u64> = self.model.generations.keys().copied().collect();
        assert_eq!(
            (list.current.0, numbers),
            (self.model.current, expected),
            "after {step:?}"
        );
        for listed in &list.generations {
            let number = listed.summary.number.0;
            assert_eq!(
                listed.pinned,
                self.model.pinned.contains(&number),
                "pin of {number}"
            );
            assert_eq!(
                listed.summary.label.is_some(),
                self.model.labels.contains_key(&number),
                "label of {number}"
            );
        }
        let journal = self.root.path().join("home/profiles/default/journal");
        assert_eq!(
            fs::read_dir(journal).unwrap().count(),
            0,
            "the journal is not empty at rest"
        );
    }

    /// Each text the user wrote is in some file of theirs, wherever it was moved.
    fn texts_are_there(&self) {
        let mut found = Vec::new();
        numbers_below(&self.target(), &mut found);
        for (number, path) in &self.texts {
            assert!(
                found.contains(number),
                "lost what the user wrote to {}",
                path.display()
            );
        }
    }
}

fn in_the_way(backup: bool) -> InTheWay {
    if backup {
        InTheWay::SetAside
    } else {
        InTheWay::Refuse
    }
}

fn number_in(text: &str) -> Option<u32> {
    text.strip_prefix("of the user: ")?.parse().ok()
}

fn numbers_below(folder: &Path, found: &mut Vec<u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            numbers_below(&path, found);
        } else {
            found.extend(number_in(&fs::read_to_string(&path).unwrap()));
        }
    }
}

fn links_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            found.push(path);
        } else if path.is_dir() {
            links_below(&path, found);
        }
    }
}

/// What is laid out may not be written.
fn remove(folder: &Path) {
    let _it_may_be_gone = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            remove(&path);
        } else {
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_dir(folder).unwrap();
}
