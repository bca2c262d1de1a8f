//! The folders of generations: documents, view, home files, environment. All but the record can be made again.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::generation::RecordedFile;
use dgmo_schema::id::BlobId;
use dgmo_schema::name::ProfileName;
use dgmo_store::Store;
use dgmo_store::durable;

use super::Healer;
use super::is_there;
use super::numbers_of;
use crate::activate::Image;
use crate::activate::Live;
use crate::activate::Seal;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::health::Finding;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::assemble;
use crate::ops::services::Units;
use crate::service::UNITS;

/// The parts of a generation's folder that are made from its record.
const PARTS: [&str; 4] = ["view", "files", "env", UNITS];

impl Healer<'_> {
    /// Looks at every generation of a profile and makes again what of it is not as it was made.
    pub(super) fn generations(&mut self, store: &Store, name: &ProfileName) -> Result<()> {
        let engine = self.for_profile(name);
        let generations = Generations::of(&engine.profile);
        for number in numbers_of(&engine.profile)? {
            if self.dry_run && self.rebuilt.contains(&(name.clone(), number)) {
                continue;
            }
            let read = generations
                .load(number)
                .and_then(|generation| Ok((generation, generations.record(number)?)));
            match read {
                Ok((generation, record)) if record.id() == generation.id => {
                    self.parts(&engine, store, &generation, &record)?;
                }
                Ok((generation, _)) => {
                    let path = engine.profile.generation(generation.number);
                    let message = format!(
                        "the record in `{}` is not the one that was made",
                        path.display()
                    );
                    self.documents(&engine, number, message);
                }
                Err(error) if error.is_no_answer() => self.unread(&engine, number, &error),
                Err(error @ (ReadError::Damaged { .. } | ReadError::Io { .. })) => {
                    self.documents(&engine, number, error.to_string());
                }
                // Pruned since it was listed, or of a newer dgmo, which knows better.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Nobody shall drop a generation because it cannot be read now.
    fn unread(&mut self, engine: &Engine<'_>, number: GenerationNumber, error: &ReadError) {
        let path = engine.profile.generation(number);
        let finding = Finding::new(Code::GenerationDamaged, error.to_string()).at(&path);
        let remedy = error.hint();
        self.left(match remedy {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
    }

    /// What only the document said is gone with it: the generation has to go too.
    fn documents(&mut self, engine: &Engine<'_>, number: GenerationNumber, message: String) {
        let generations = Generations::of(&engine.profile);
        let profile = engine.profile.name();
        let is_current = generations.current().ok() == Some(number);
        let others = generations.numbers().unwrap_or_default().into_iter().rev();
        let whole = others
            .filter(|other| *other != number)
            .find(|other| generations.load(*other).is_ok() && generations.record(*other).is_ok());
        let prune = format!("dgmo generations prune {number} --profile {profile}");
        let command = match whole {
            Some(whole) if is_current => {
                format!("dgmo rollback {whole} --profile {profile} && {prune}")
            }
            _ => prune,
        };
        let path = engine.profile.generation(number);
        let finding = Finding::new(Code::GenerationDamaged, message).at(&path);
        self.left(finding.remedy(Hint::Run(command)));
    }

    fn parts(
        &mut self,
        engine: &Engine<'_>,
        store: &Store,
        generation: &Generation,
        record: &Record,
    ) -> Result<()> {
        let wrong = wrong_parts(engine, store, generation, record)?;
        if wrong.is_empty() {
            return Ok(());
        }
        let made = !self.dry_run && make_again(engine, store, generation, record, &wrong)?;
        let folder = engine.profile.generation(generation.number);
        for part in wrong {
            let path = folder.join(part);
            let message = format!("`{}` is not what was made", path.display());
            let finding = Finding::new(Code::GenerationNotWhole, message).at(&path);
            if made || self.dry_run {
                self.mended(finding, "it is made again from the record");
            } else {
                // What it is made of is lost, and that is told.
                self.left(finding);
            }
        }
        Ok(())
    }
}

/// The parts that differ from what the record says. One that cannot be looked at is made again as well: all of it is in
/// the record. Generation 0 was not made from its own, so of that one only what is missing is.
fn wrong_parts(
    engine: &Engine<'_>,
    store: &Store,
    generation: &Generation,
    record: &Record,
) -> Result<Vec<&'static str>> {
    let place = engine.profile.generation(generation.number);
    let is_zero = generation.number == GenerationNumber::ZERO;
    let is_right = |part: &str| -> Result<bool> {
        Ok(match part {
            UNITS if record.conduct.services.is_empty() => true,
            UNITS => are_units_right(engine, store, generation, record),
            _ if is_zero => is_there(&place.join(part))?,
            "view" => assemble::view_of(record, generation, &|id| store.read_tree(id))
                .map_or(place.join(part).is_dir(), |view| {
                    view.is_shown_at(&place.join(part))
                }),
            "files" => are_files_right(store, &place.join(part), record),
            _ => fs::read_to_string(place.join(part))
                .is_ok_and(|text| text == assemble::environment(record, &place)),
        })
    };
    let mut wrong = Vec::new();
    for part in PARTS {
        if !is_right(part)? {
            wrong.push(part);
        }
    }
    Ok(wrong)
}

fn are_units_right(
    engine: &Engine<'_>,
    store: &Store,
    generation: &Generation,
    record: &Record,
) -> bool {
    let read = |id| store.read_tree(id);
    let folder = engine.profile.generation(generation.number).join(UNITS);
    let Ok(view) = assemble::view_of(record, generation, &read) else {
        return folder.is_dir();
    };
    let units = Units {
        engine,
        number: generation.number,
        record,
        view: &view,
        read: &read,
    };
    units.are_at(&folder)
}

fn are_files_right(store: &Store, folder: &Path, record: &Record) -> bool {
    folder.is_dir()
        && record.files.iter().all(|(path, file)| {
            let place = folder.join(path.as_str());
            match file.content {
                RecordedContent::File(blob) => is_file_right(store, &place, blob, false, file),
                RecordedContent::Executable(blob) => is_file_right(store, &place, blob, true, file),
                RecordedContent::Folder(tree) => match fs::read_link(&place) {
                    Ok(target) => target.ends_with(PathBuf::from("store/trees").join(tree.hex())),
                    Err(_) => place.is_dir(),
                },
            }
        })
}

/// A file is right if it is the object's own, which was verified, or has its bytes and mode.
fn is_file_right(
    store: &Store,
    place: &Path,
    blob: BlobId,
    executable: bool,
    file: &RecordedFile,
) -> bool {
    if store.is_the_file_of(blob, executable, place) {
        return true;
    }
    let default = if executable { 0o555 } else { 0o444 };
    let image = Image::Copy {
        blob,
        mode: file.mode.map_or(default, |mode| mode.0),
    };
    Live::at(place).is_ok_and(|live| image.is_at(place, &live, &Seal::default()).unwrap_or(false))
}

/// Makes all parts again beside the generation and puts those that are wrong in their place. False if what they are
/// made of is not there.
fn make_again(
    engine: &Engine<'_>,
    store: &Store,
    generation: &Generation,
    record: &Record,
    wrong: &[&str],
) -> Result<bool> {
    let place = engine.profile.generation(generation.number);
    let trash = engine.profile.trash();
    let insertion = store.begin(engine.observer)?;
    let scratch = insertion.scratch("parts")?;
    let trees = generation
        .packages
        .iter()
        .map(|(name, package)| (name.clone(), package.tree))
        .collect();
    let end = (generation.number, record);
    match assemble::write_parts(engine, &scratch, &insertion, end, &trees) {
        Err(failure) if is_lost(failure.code()) => return Ok(false),
        written => written?,
    }
    let committed = insertion.commit()?;
    for part in wrong {
        let (from, to) = (scratch.join(part), place.join(part));
        let old = trash.join(format!("{}-{part}", generation.number));
        durable::remove_all(&old).map_err(OpError::io("remove", &old))?;
        // A crash in between leaves the part missing, and the next repair makes it again.
        if fs::symlink_metadata(&to).is_ok() {
            durable::rename(&to, &old).map_err(OpError::io("move", &to))?;
        }
        durable::rename(&from, &to).map_err(OpError::io("put in place", &to))?;
    }
    durable::sync_folder(&place).map_err(OpError::io("sync", &place))?;
    for part in wrong {
        let old = trash.join(format!("{}-{part}", generation.number));
        durable::remove_all(&old).map_err(OpError::io("remove", &old))?;
    }
    drop(committed);
    Ok(true)
}

/// Whether an error only says what is told with the objects.
fn is_lost(code: Code) -> bool {
    matches!(
        code,
        Code::ObjectMissing | Code::ObjectDamaged | Code::ObjectNotATree | Code::StoreNotRead
    )
}
