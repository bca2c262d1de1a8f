//! Advisories that are not told again: which they are, which were met, and which nobody knows.

use std::collections::BTreeMap;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::IgnoredAdvisory;
use dgmo_schema::osv::Advisory;
use dgmo_schema::report::catalogue::IgnoredFinding;

/// What is asked to be ignored, by the command or by the manifest.
pub(super) struct Ignored {
    by_id: BTreeMap<String, Entry>,
}

struct Entry {
    reason: Option<String>,
    until: Option<Timestamp>,
    is_over: bool,
    /// Whether any advisory that was read has this name.
    is_known: bool,
    /// How many findings it kept from being told.
    count: u64,
}

impl Ignored {
    pub(super) fn new<'a>(
        by_command: impl IntoIterator<Item = &'a String>,
        by_manifest: &[IgnoredAdvisory],
        now: Timestamp,
    ) -> Self {
        let of_manifest = by_manifest.iter().map(|it| {
            let entry = Entry {
                reason: Some(it.reason.clone()),
                until: it.until,
                is_over: it.until.is_some_and(|until| until <= now),
                is_known: false,
                count: 0,
            };
            (it.id.clone(), entry)
        });
        let of_command = by_command.into_iter().map(|id| {
            let entry = Entry {
                reason: None,
                until: None,
                is_over: false,
                is_known: false,
                count: 0,
            };
            (id.clone(), entry)
        });
        // What the command says holds now, whatever the manifest says of it.
        Self {
            by_id: of_manifest.chain(of_command).collect(),
        }
    }

    /// Takes note that there is such an advisory; gives the name by which it is meant.
    pub(super) fn meet(&mut self, advisory: &Advisory) -> Option<String> {
        let mut meant = None;
        for name in std::iter::once(&advisory.id).chain(&advisory.aliases) {
            if let Some(entry) = self.by_id.get_mut(name) {
                entry.is_known = true;
                // Of several names for one, one that still holds is enough.
                if meant.is_none() || !entry.is_over {
                    meant = Some(name.clone());
                }
            }
        }
        meant
    }

    /// Whether a finding of the advisory meant by `name` is kept from being told. It is counted then.
    pub(super) fn takes(&mut self, name: &str) -> bool {
        match self.by_id.get_mut(name) {
            Some(entry) if !entry.is_over => {
                entry.count += 1;
                true
            }
            _ => false,
        }
    }

    /// Until when a finding was ignored that is told again.
    pub(super) fn was_until(&self, name: &str) -> Option<Timestamp> {
        let entry = self.by_id.get(name)?;
        entry.until.filter(|_| entry.is_over)
    }

    /// Those that kept something from being told, and those that no advisory has the name of.
    pub(super) fn done(self) -> (Vec<IgnoredFinding>, Vec<String>) {
        let mut met = Vec::new();
        let mut unknown = Vec::new();
        for (id, entry) in self.by_id {
            if !entry.is_known {
                unknown.push(id);
            } else if entry.count > 0 {
                met.push(IgnoredFinding {
                    id,
                    count: entry.count,
                    reason: entry.reason,
                    until: entry.until,
                });
            }
        }
        (met, unknown)
    }
}
