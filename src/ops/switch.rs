//! `dgmo switch`: the manifest becomes the current generation.
//!
//! Everything that can refuse does so before anything is visible: reading, locking, home files in the way, fetching,
//! clashes. Then the objects get their names, the generation gets its number, and one rename makes it current.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::event::Event;
use dgmo_schema::generation::FORMAT;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::InstalledPackage;
use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::Label;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::activation::SwitchOutcome;
use dgmo_schema::report::activation::SwitchReport;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_store::Insertion;
use dgmo_store::durable;
use dgmo_store::durable::Renamed;

use super::Engine;
use super::Failure;
use super::OpError;
use super::Result;
use super::assemble;
use super::begin;
use super::begin::Held;
use super::changes;
use super::confirm;
use super::running;
use super::secrets::Fetching;
use super::secrets::Secrets;
use super::secrets::SecretsHow;
use super::shown;
use super::target;
use super::texts::Texts;
use super::this_system;
use super::trial;
use super::trial::TrialHow;
use super::trial::Verdict;
use super::trial::Way;
use super::want;
use super::want::Wanted;
use super::write_history;
use crate::activate;
use crate::activate::Action;
use crate::activate::Activation;
use crate::activate::Footprint;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::activate::Plan;
use crate::env::Var;
use crate::files;
use crate::generation;
use crate::generation::Generations;
use crate::generation::History;
use crate::generation::Policy;
use crate::home::ManifestGuard;
use crate::lock;
use crate::process::interrupt;
use crate::realise;
use crate::realise::Made;
use crate::resolve::Update;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Online;

/// So much of what was downloaded is kept for the next time.
const DOWNLOADS_KEPT: u64 = 1 << 30;

/// What a switch is asked for.
#[derive(Debug)]
pub struct SwitchRequest {
    /// The manifest.
    pub manifest: PathBuf,
    /// Its text, where it is not on disk yet: written when nothing can refuse any more.
    pub new_text: Option<String>,
    /// Which command asks: written into the generation.
    pub made_from: &'static str,
    /// Whether the lock must stay as it is.
    pub locked: bool,
    /// Whether to look only.
    pub dry_run: bool,
    /// What to do with files in the way.
    pub in_the_way: InTheWay,
    /// What to do about secrets.
    pub secrets: SecretsHow,
    /// What may be replaced in the target folder because it is kept elsewhere.
    pub known: Known,
    /// Which packages to lock afresh.
    pub update: Update,
    /// A name to find the generation again.
    pub label: Option<Label>,
    /// Why it is made.
    pub note: Option<String>,
    /// How it is tried.
    pub how: TrialHow,
}

impl SwitchRequest {
    /// For a command that only needs what is locked, and changes neither lock nor generation.
    pub(crate) fn of_lock(manifest: PathBuf, made_from: &'static str) -> Self {
        Self {
            manifest,
            new_text: None,
            made_from,
            locked: true,
            dry_run: false,
            in_the_way: InTheWay::Refuse,
            secrets: SecretsHow::LeaveOut,
            known: Known::default(),
            update: Update::Nothing,
            label: None,
            note: None,
            how: TrialHow::default(),
        }
    }
}

/// Who is shown a plan.
pub type Show<'a> = &'a dyn Fn(&SwitchReport);

/// Makes the manifest the current generation.
///
/// `show` is given the plan before anything is changed.
pub fn switch(
    engine: &Engine<'_>,
    request: &SwitchRequest,
    show: Show<'_>,
) -> Result<SwitchReport> {
    let guard = ManifestGuard::take(&request.manifest, engine.wait, engine.observer)?;
    switch_guarded(engine, request, show, &guard)
}

/// The same for one who holds the manifest's guard already.
pub(super) fn switch_guarded(
    engine: &Engine<'_>,
    request: &SwitchRequest,
    show: Show<'_>,
    _proof: &ManifestGuard,
) -> Result<SwitchReport> {
    let scratch;
    // A look must leave nothing behind, not even an empty home or profile.
    let scratch_engine;
    let engine = if request.dry_run && !Generations::of(&engine.profile).is_begun()? {
        scratch =
            tempfile::tempdir().map_err(OpError::io("make a folder in", Path::new("/tmp")))?;
        scratch_engine = engine.for_a_look(scratch.path())?;
        &scratch_engine
    } else {
        engine
    };
    let downloads = want::downloads_for(engine, &request.update);
    let wanted = want::want(engine, request, &downloads)?;
    if request.locked && wanted.resolved.lock_changed() {
        return Err(want::lock_out_of_date(&wanted.resolved));
    }
    let held = begin::hold(engine)?;
    if !request.dry_run {
        confirm::refuse_awaiting(engine)?;
    }
    let fetching = if request.dry_run {
        Fetching::No
    } else {
        Fetching::Yes
    };
    let footprint = begin::footprint(engine)?;
    let how = (request.secrets, fetching);
    let secrets = Secrets::gather(engine, &wanted.record, &footprint, how)?;
    let report = Switch {
        engine,
        request,
        wanted: &wanted,
        held: &held,
        footprint: &footprint,
        secrets: &secrets,
        show,
    }
    .run(&downloads)?;
    // What did not prove itself was not taken.
    if !request.dry_run && report.outcome != SwitchOutcome::RolledBack {
        running::renew(engine, &wanted.resolved.loaded);
    }
    if let Some(cache) = &wanted.resolved.stat_cache
        && !request.dry_run
    {
        // A cache: the next switch reads a little more.
        drop(cache.save());
    }
    Ok(report)
}

/// Whether laying out again may help: a disk that does not answer is not mended by writing to it.
fn is_damage(code: Code) -> bool {
    matches!(
        code,
        Code::ObjectMissing | Code::ObjectDamaged | Code::ObjectNotATree
    )
}

/// A switch of a profile whose guard is held.
struct Switch<'a> {
    engine: &'a Engine<'a>,
    request: &'a SwitchRequest,
    wanted: &'a Wanted,
    held: &'a Held,
    footprint: &'a Footprint,
    secrets: &'a Secrets,
    show: Show<'a>,
}

impl Switch<'_> {
    fn run(&self, downloads: &Downloads<'_>) -> Result<SwitchReport> {
        let profile = &self.engine.profile;
        let generations = Generations::of(profile);
        let from = generations.current()?;
        let before = generations.load(from)?;
        let is_current = before.id == self.wanted.id
            && from != GenerationNumber::ZERO
            && assemble::missing_parts(profile, from, &self.wanted.record)?.is_empty();
        let report = if is_current {
            self.check(from, &before, downloads)
        } else {
            self.make(from, downloads)
        }?;
        if !self.request.dry_run {
            self.held.store.ensure_reserve();
        }
        Ok(report)
    }

    /// The current generation is what the manifest says: what is damaged of it comes back.
    fn check(
        &self,
        from: GenerationNumber,
        current: &Generation,
        downloads: &Downloads<'_>,
    ) -> Result<SwitchReport> {
        let wanted = &self.wanted.record;
        let store = &self.held.store;
        let plan = || self.plan(&|id| store.read_tree(id));
        let mut planned = match plan() {
            Err(failure) if !is_damage(failure.code()) => return Err(failure),
            planned => planned,
        };
        let damaged =
            planned.is_err() || !assemble::missing_trees(store, current, wanted)?.is_empty();
        if damaged && !self.request.dry_run {
            self.lay_out_again(downloads)?;
            planned = plan();
        }
        self.mend(from, &planned?, damaged)
    }

    /// Trees of the current generation that went missing come back; nothing else changes.
    fn lay_out_again(&self, downloads: &Downloads<'_>) -> Result<()> {
        let insertion = self.held.store.begin(self.engine.observer)?;
        files::insert(
            &insertion,
            &self.wanted.files,
            &self.wanted.resolved.options(),
        )?;
        for (_, tree) in assemble::folders(&self.wanted.record) {
            insertion.lay_out(tree)?;
        }
        self.realise(&insertion, downloads)?;
        insertion.commit()?;
        Ok(())
    }

    fn realise(
        &self,
        insertion: &Insertion<'_>,
        downloads: &Downloads<'_>,
    ) -> Result<realise::Realised> {
        let sources = &self.wanted.resolved.loaded.manifest.sources;
        let how = realise::RealiseHow {
            downloads,
            catalogues: &Catalogues::new(downloads, sources),
            made: &Made::at(self.engine.home.made()),
            origins: &self.wanted.resolved.origins,
            stat_cache: self.wanted.resolved.stat_cache.as_ref(),
        };
        Ok(realise::realise(
            insertion,
            &self.wanted.resolved.lock,
            &this_system(),
            &how,
        )?)
    }

    /// The current generation is what the manifest says; the target folder may have to be mended.
    fn mend(&self, from: GenerationNumber, plan: &Plan, was_damaged: bool) -> Result<SwitchReport> {
        // The ids are the same, and so are the records.
        let mut report = self.report((from, &self.wanted.record), from, plan);
        if self.request.dry_run {
            report.outcome = SwitchOutcome::Planned;
            return Ok(report);
        }
        if !plan.obstacles.is_empty() {
            return Err(activate::ActivateError::Obstacles(plan.obstacles.clone()).into());
        }
        self.save_texts()?;
        if let Some(label) = &self.request.label {
            super::generations::set_label(self.engine, from, Some(label))?;
        }
        report.outcome = if was_damaged {
            SwitchOutcome::Repaired
        } else {
            SwitchOutcome::Unchanged
        };
        if !plan.is_empty() {
            (self.show)(&report);
            let _whole = interrupt::hold();
            self.activation().run(from, from, plan)?;
            report.outcome = SwitchOutcome::Repaired;
        }
        self.save_policy()?;
        Ok(report)
    }

    /// Builds a new generation and makes it current.
    fn make(&self, from: GenerationNumber, downloads: &Downloads<'_>) -> Result<SwitchReport> {
        let profile = &self.engine.profile;
        let generations = Generations::of(profile);
        let number = generations.next_number(&History::of(profile))?;
        let insertion = self.held.store.begin(self.engine.observer)?;
        files::insert(
            &insertion,
            &self.wanted.files,
            &self.wanted.resolved.options(),
        )?;
        let read = |id| insertion.read_tree(id);
        let plan = self.plan(&read)?;
        let before = generations.record(from)?;
        let mut report = self.report((from, &before), number, &plan);
        let (from_end, to_end) = ((from, &before), (number, &self.wanted.record));
        let mut way = Way::new(self.engine, Action::Switch, from_end, to_end);
        report.steps = trial::steps(self.engine, Some(from_end), to_end, &self.request.how)?;
        if self.request.dry_run {
            report.outcome = SwitchOutcome::Planned;
            return Ok(report);
        }
        if !plan.obstacles.is_empty() {
            return Err(activate::ActivateError::Obstacles(plan.obstacles).into());
        }
        (self.show)(&report);
        let realised = self.realise(&insertion, downloads)?;
        report.new_bytes = realised.new_bytes;
        let folder = self.write_generation(&insertion, from, number, &realised.trees)?;
        // Written now, so that the sync that comes anyway is its own too.
        let lock = self.prepare_lock()?;
        // From here on it belongs together. Where hooks and checks are waited for an interruption ends them, and what is
        // not proven is taken back.
        let _whole = interrupt::hold();
        let committed = insertion.commit()?;
        let begun = way.before(&self.request.how, Some(folder.clone()))?;
        let texts = Texts::read(self.request, &self.wanted.resolved)?;
        self.save_manifest()?;
        if let Some(lock) = lock {
            lock.place()?;
        }
        self.name_generation(&folder, number)?;
        // From here the generation is a root of its own: what it needs cannot be collected.
        drop(committed);
        let verdict = way.run(self.held, &self.request.how, &plan, begun);
        let report = self.judge(verdict, report, texts)?;
        self.save_policy()?;
        self.trim_downloads(downloads);
        Ok(report)
    }

    /// What came of it, told; what did not come to stay is put back or marked.
    fn judge(
        &self,
        verdict: Result<Verdict>,
        mut report: SwitchReport,
        texts: Texts,
    ) -> Result<SwitchReport> {
        let number = report.generation;
        match verdict {
            Err(failure) => {
                // A pointer that cannot be read may have moved: then the next command decides.
                let current = Generations::of(&self.engine.profile).current();
                if current.is_ok_and(|current| current != number) {
                    texts.restore();
                    let why = failure.error().to_string();
                    trial::mark_as_failed(self.engine, number, &why);
                }
                return Err(failure);
            }
            Ok(Verdict::TakenBack(error, told)) => {
                texts.restore();
                report.outcome = SwitchOutcome::RolledBack;
                report.generation = report.from;
                report.trial = Some(told);
                return Err(Failure::from(error).taken_back(&report));
            }
            Ok(Verdict::Awaiting(told)) => {
                report.outcome = SwitchOutcome::Awaiting;
                report.trial = Some(told);
            }
            Ok(Verdict::Stands(told)) => report.trial = Some(told),
            Ok(Verdict::Plain) => {}
        }
        let note = self.request.note.clone();
        let from = Some(report.from);
        write_history(self.engine, HistoryEvent::Switched, number, from, note);
        Ok(report)
    }

    fn plan(
        &self,
        read: &dyn Fn(TreeId) -> std::result::Result<dgmo_store::Tree, dgmo_store::ReadError>,
    ) -> Result<Plan> {
        let how = target::How {
            in_the_way: self.request.in_the_way,
            secrets: self.secrets,
            known: &self.request.known,
        };
        target::plan(self.engine, self.footprint, &self.wanted.record, read, how)
    }

    fn write_generation(
        &self,
        insertion: &Insertion<'_>,
        from: GenerationNumber,
        number: GenerationNumber,
        trees: &BTreeMap<PackageName, TreeId>,
    ) -> Result<PathBuf> {
        let folder = insertion.scratch("generation")?;
        let record = &self.wanted.record;
        assemble::write_parts(self.engine, &folder, insertion, (number, record), trees)?;
        let installed = |(name, tree): (&PackageName, &TreeId)| {
            let version = record
                .packages
                .get(name)
                .and_then(|package| package.version.clone());
            (
                name.clone(),
                InstalledPackage {
                    version,
                    tree: *tree,
                },
            )
        };
        let document = Generation {
            format: FORMAT,
            number,
            id: self.wanted.id,
            made_at: self.engine.clock.now(),
            made_by: Var::User.text().unwrap_or_default(),
            made_from: self.request.made_from.to_owned(),
            manifest: std::path::absolute(&self.wanted.resolved.loaded.path)
                .ok()
                .as_deref()
                .map(shown),
            parent: from,
            label: self.request.label.clone(),
            note: self.request.note.clone(),
            failed: None,
            packages: trees.iter().map(installed).collect(),
            file_count: (record.files.len() + record.secrets.len()) as u64,
        };
        generation::write_documents(&folder, &document, record)
            .map_err(OpError::io("write", &folder))?;
        Ok(folder)
    }

    /// Gives the generation its number: from now on it is there, though not current.
    fn name_generation(&self, folder: &Path, number: GenerationNumber) -> Result<()> {
        let place = self.engine.profile.generation(number);
        let failed = |error| OpError::io("make the generation", &place)(error);
        match durable::rename_no_replace(folder, &place).map_err(failed)? {
            Renamed::Done => {}
            Renamed::Existed => {
                return Err(failed(std::io::ErrorKind::AlreadyExists.into()).into());
            }
        }
        durable::sync_folder(&self.engine.profile.generations()).map_err(failed)?;
        Ok(())
    }

    /// Writes the manifest, where it is new, and the lock. Both replace what was there whole.
    fn save_texts(&self) -> Result<()> {
        self.save_manifest()?;
        if self.saves_lock() {
            lock::save(&self.wanted.resolved.lock_path, &self.wanted.resolved.lock)?;
        }
        Ok(())
    }

    fn save_manifest(&self) -> Result<()> {
        if let Some(text) = &self.request.new_text {
            let path = &self.wanted.resolved.loaded.path;
            crate::manifest::save_text(path, text).map_err(OpError::io("write", path))?;
        }
        Ok(())
    }

    fn saves_lock(&self) -> bool {
        self.wanted.resolved.lock_changed() && !self.request.locked
    }

    /// The lock, where it is new, ready to get its name after the sync of the home.
    fn prepare_lock(&self) -> Result<Option<lock::Prepared>> {
        if !self.saves_lock() {
            return Ok(None);
        }
        let resolved = &self.wanted.resolved;
        let home = Some(self.engine.home.root());
        Ok(lock::prepare(&resolved.lock_path, &resolved.lock, home)?)
    }

    /// What the manifest says of keeping is remembered for pruning; it is not rolled back.
    fn save_policy(&self) -> Result<()> {
        let mut policy = Policy::load(&self.engine.profile)?;
        if policy.keep != self.wanted.resolved.loaded.manifest.keep {
            policy.keep = self.wanted.resolved.loaded.manifest.keep.clone();
            policy.save(&self.engine.profile)?;
        }
        Ok(())
    }

    fn trim_downloads(&self, downloads: &Downloads<'_>) {
        if self.engine.online == Online::Yes
            && let Err(error) = downloads.trim(DOWNLOADS_KEPT)
        {
            self.engine
                .observer
                .observe(Event::Warning(error.to_string()));
        }
    }

    fn activation(&self) -> Activation<'_> {
        let engine = self.engine;
        Activation::new(
            &engine.profile,
            &self.held.store,
            engine.observer,
            &self.held.guard,
        )
    }

    fn report(
        &self,
        (from, before): (GenerationNumber, &Record),
        generation: GenerationNumber,
        plan: &Plan,
    ) -> SwitchReport {
        let mut difference = changes::between(before, &self.wanted.record);
        difference.from = from.to_string();
        difference.to = generation.to_string();
        let previous = self.wanted.resolved.previous.clone().unwrap_or_default();
        let mut warnings: Vec<String> = Vec::new();
        if self.request.dry_run && !plan.obstacles.is_empty() {
            let error = activate::ActivateError::Obstacles(plan.obstacles.clone());
            warnings.push(error.to_string());
        }
        SwitchReport {
            outcome: SwitchOutcome::Switched,
            profile: self.engine.profile.name().clone(),
            manifest: shown(&self.wanted.resolved.loaded.path),
            system: this_system(),
            target: shown(&plan.footprint.target),
            id: self.wanted.id,
            from,
            generation,
            changes: difference,
            lock: changes::between_locks(&previous, &self.wanted.resolved.lock),
            target_changes: changes::of_plan(plan),
            secrets: self.secrets.changes.clone(),
            left_alone: plan.left_alone.iter().map(ToString::to_string).collect(),
            new_bytes: 0,
            steps: Vec::new(),
            trial: None,
            warnings,
        }
    }
}
