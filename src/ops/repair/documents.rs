//! The two documents of a generation, taken from wherever the same ones still are: its id proves a record.
//!
//! A record is proven by hashing to the id that `generation.json` has, whoever gives it. `generation.json` has things
//! that nothing else knows, so it is only taken from the same generation of another home, whose id must be that of the
//! record here.

use std::fs;
use std::io;

use dgmo_schema::code::Code;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::id::GenerationId;
use dgmo_schema::name::ProfileName;
use dgmo_store::durable;

use super::Healer;
use super::offers::From;
use crate::generation;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::health::Finding;
use crate::home::Home;
use crate::home::Profile;
use crate::ops::OpError;
use crate::ops::Result;

impl Healer<'_> {
    /// Brings back documents of a profile's generations that are damaged or gone. The caller holds the profile.
    pub(super) fn documents_back(&mut self, profile: &Profile) -> Result<()> {
        let generations = Generations::of(profile);
        for number in generations.numbers().unwrap_or_default() {
            match (generations.load(number), generations.record(number)) {
                (Ok(generation), record) if is_lost(&record, generation.id) => {
                    self.record_back(profile, &generation)?;
                }
                (Err(error), Ok(record)) if is_gone(&error) => {
                    self.document_back(profile, number, &record)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn record_back(&mut self, profile: &Profile, generation: &Generation) -> Result<()> {
        let Some((record, whose)) = self.record_elsewhere(generation.id) else {
            return Ok(());
        };
        let path = profile.generation(generation.number).join("record.json");
        if !self.dry_run {
            durable::replace_file(&path, &record.to_bytes(), 0o444)
                .map_err(OpError::io("write", &path))?;
        }
        let message = format!("`{}` is damaged or missing", path.display());
        let finding = Finding::new(Code::GenerationDamaged, message).at(&path);
        self.rebuilt
            .insert((profile.name().clone(), generation.number));
        self.mended(
            finding,
            format!("taken from {whose}, which has the same id"),
        );
        Ok(())
    }

    /// A record with this id, and whose it is: of this home, or of one that `--from` names.
    fn record_elsewhere(&self, id: GenerationId) -> Option<(Record, String)> {
        let here = (self.engine.home.clone(), String::new());
        for (home, of) in std::iter::once(here).chain(self.other_homes()) {
            for name in profiles_of(&home) {
                let profile = home.profile(name.clone());
                let generations = Generations::of(&profile);
                for number in generations.numbers().unwrap_or_default() {
                    if let Ok(record) = generations.record(number)
                        && record.id() == id
                    {
                        return Some((record, format!("generation {number} of `{name}`{of}")));
                    }
                }
            }
        }
        None
    }

    fn document_back(
        &mut self,
        profile: &Profile,
        number: GenerationNumber,
        record: &Record,
    ) -> Result<()> {
        let found = self.other_homes().into_iter().find_map(|(home, of)| {
            let same = home.profile(profile.name().clone());
            let generation = Generations::of(&same).load(number).ok()?;
            let is_it = generation.number == number && generation.id == record.id();
            is_it.then_some((generation, of))
        });
        let Some((document, of)) = found else {
            return Ok(());
        };
        let path = profile.generation(number).join("generation.json");
        if !self.dry_run {
            Generations::of(profile)
                .forget_summaries(&self.engine.home.cache())
                .and_then(|()| generation::rewrite(profile, &document))
                .map_err(OpError::io("write", &path))?;
        }
        let message = format!("`{}` is damaged or missing", path.display());
        let finding = Finding::new(Code::GenerationDamaged, message).at(&path);
        self.rebuilt.insert((profile.name().clone(), number));
        self.mended(finding, format!("taken from the same generation{of}"));
        Ok(())
    }

    fn other_homes(&self) -> Vec<(Home, String)> {
        let homes = self.from.iter().filter_map(|from| match from {
            From::Home(path, _) => Some(path),
            From::Archive(_) | From::Folder(_) | From::Mirror(_) => None,
        });
        homes
            .map(|path| {
                (
                    Home::at(path.clone()),
                    format!(" of the home `{}`", path.display()),
                )
            })
            .collect()
    }
}

fn profiles_of(home: &Home) -> Vec<ProfileName> {
    // A home that cannot be listed is one place less to look.
    let entries = fs::read_dir(home.profiles()).into_iter().flatten();
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<ProfileName> = names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    names.sort();
    names
}

/// Whether the record is not the one that was made; one that cannot be read now may be.
fn is_lost(record: &std::result::Result<Record, ReadError>, id: GenerationId) -> bool {
    match record {
        Ok(record) => record.id() != id,
        Err(error) => is_gone(error),
    }
}

fn is_gone(error: &ReadError) -> bool {
    match error {
        ReadError::Damaged { .. } => true,
        ReadError::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}
