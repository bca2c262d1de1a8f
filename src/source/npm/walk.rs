//! From a package to the tree of all it needs on one machine.
//!
//! Breadth first and by name, so that the same registry always gives the same tree. What is optional and cannot be had
//! is left out with all that only it needs: the walk then begins anew without it.

use std::collections::BTreeSet;
use std::sync::Arc;

use dgmo_schema::catalogue::Offer;
use dgmo_schema::generation::Timestamp;

use super::Npm;
use super::layout::From;
use super::layout::Layout;
use super::layout::Place;
use super::layout::ROOT;
use super::manifest::Kind;
use super::manifest::Manifest;
use super::manifest::Need;
use super::packument::Packument;
use super::platform::Platform;
use super::spec::Spec;
use crate::source::CatalogueError;

/// The most packages a tree may have: more is no tool.
const MOST_PACKAGES: usize = 20_000;

/// The deepest a package may lie: deeper is two packages that need each other's other version without end.
const DEEPEST: usize = 48;

/// What a walk is for.
pub(super) struct Aim<'a> {
    pub(super) offer: &'a Offer,
    pub(super) platform: Platform<'a>,
    pub(super) not_after: Option<Timestamp>,
}

/// A tree, and whether it would be another one on another machine.
pub(super) struct Walked {
    pub(super) layout: Layout,
    pub(super) depends_on_machine: bool,
}

/// Why a walk ended early.
enum Stop {
    Error(CatalogueError),
    /// This optional package, by name and version, cannot be had whole.
    Without((String, String)),
}

/// The tree of `root`.
pub(super) fn walk(
    npm: &Npm<'_>,
    aim: &Aim<'_>,
    root: &Arc<Manifest>,
) -> Result<Walked, CatalogueError> {
    let mut left_out = BTreeSet::new();
    loop {
        let mut walk = Walk {
            npm,
            aim,
            left_out: &left_out,
            layout: Layout::new(Arc::clone(root)),
            depends_on_machine: !root.limits.is_none(),
        };
        match walk.run() {
            Ok(()) => {
                return Ok(Walked {
                    layout: walk.layout,
                    depends_on_machine: walk.depends_on_machine,
                });
            }
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Without(package)) => {
                left_out.insert(package);
            }
        }
    }
}

struct Walk<'w, 'a> {
    npm: &'w Npm<'a>,
    aim: &'w Aim<'w>,
    left_out: &'w BTreeSet<(String, String)>,
    layout: Layout,
    depends_on_machine: bool,
}

/// One need of one package of the tree.
struct Edge<'e> {
    by: Place,
    name: &'e str,
    need: &'e Need,
}

impl Edge<'_> {
    fn from(&self) -> From {
        match self.need.kind {
            Kind::Peer => From::Around,
            _ => From::Own,
        }
    }
}

impl Walk<'_, '_> {
    fn run(&mut self) -> Result<(), Stop> {
        let mut level = vec![ROOT];
        while !level.is_empty() {
            self.ask_ahead(&level);
            let mut next = Vec::new();
            for by in level {
                let manifest = Arc::clone(&self.layout.at(by).manifest);
                for (name, need) in &manifest.needs {
                    next.extend(self.follow(&Edge { by, name, need })?);
                }
            }
            level = next;
        }
        Ok(())
    }

    /// Asks for all that the packages of a level need, at once. What fails here fails again where it is needed.
    fn ask_ahead(&self, level: &[Place]) {
        let mut names = BTreeSet::new();
        for by in level {
            for (name, need) in &self.layout.at(*by).manifest.needs {
                let edge = Edge {
                    by: *by,
                    name,
                    need,
                };
                if let Ok(spec) = Spec::parse(name, &need.text)
                    && self.found(&edge, &spec).is_none()
                {
                    names.insert(spec.name);
                }
            }
        }
        let names: Vec<String> = names.into_iter().collect();
        self.npm.ask_ahead(&names, self.aim.not_after);
    }

    /// What the need finds already, if it will do.
    fn found(&self, edge: &Edge<'_>, spec: &Spec) -> Option<Place> {
        let place = self.layout.find(edge.by, edge.from(), edge.name)?;
        let found = &self.layout.at(place).manifest;
        let tagged = |tag: &str| {
            let known = self.npm.packument(&spec.name, self.aim.not_after);
            known.is_ok_and(|it| {
                it.tags
                    .get(tag)
                    .is_some_and(|text| text == found.version.as_str())
            })
        };
        let meets = spec.is_met_by(&found.name, &found.version, tagged);
        meets.then_some(place)
    }

    /// Sees to it that a need is met; gives the place of what is new.
    fn follow(&mut self, edge: &Edge<'_>) -> Result<Option<Place>, Stop> {
        let spec = match Spec::parse(edge.name, &edge.need.text) {
            Ok(spec) => spec,
            Err(why) => return self.cannot(edge, why.to_owned()),
        };
        if let Some(found) = self.found(edge, &spec) {
            if edge.need.kind != Kind::May && self.layout.at(edge.by).only_for.is_none() {
                self.layout.at_mut(found).only_for = None;
            }
            self.layout.note(edge.by, edge.name, spec, found);
            return Ok(None);
        }
        // Two versions of what is shared cannot be shared: the one that is there stays, as with npm's `--force`.
        if edge.need.kind == Kind::Peer && !self.layout.has_room(edge.by, From::Around, edge.name) {
            return Ok(None);
        }
        let packument = match self.npm.packument(&spec.name, self.aim.not_after) {
            Ok(packument) => packument,
            Err(CatalogueError::NotOffered { .. }) => {
                return self.cannot(edge, format!("there is no package `{}`", spec.name));
            }
            Err(CatalogueError::Answer { .. }) if edge.need.kind == Kind::May => return Ok(None),
            Err(error) => return Err(Stop::Error(error)),
        };
        let Some(manifest) = self.choose(&packument, &spec) else {
            return self.cannot(edge, "no version fits".to_owned());
        };
        self.take(edge, spec, manifest)
    }

    fn choose(&self, packument: &Packument, spec: &Spec) -> Option<Arc<Manifest>> {
        let version = packument.pick(&spec.wants, self.aim.not_after)?;
        self.npm.manifest(packument, version)
    }

    fn take(
        &mut self,
        edge: &Edge<'_>,
        spec: Spec,
        manifest: Arc<Manifest>,
    ) -> Result<Option<Place>, Stop> {
        let key = (manifest.name.clone(), manifest.version.to_string());
        self.depends_on_machine |= !manifest.limits.is_none();
        if !self.aim.platform.is_among(&manifest.limits) {
            return self.cannot(edge, format!("it is only for {}", manifest.limits.shown()));
        }
        let is_optional = edge.need.kind == Kind::May;
        if is_optional && self.left_out.contains(&key) {
            return Ok(None);
        }
        let above = self.layout.at(edge.by).only_for.clone();
        let place = self.layout.place(edge.by, edge.from(), edge.name, manifest);
        self.layout.at_mut(place).only_for = if is_optional { Some(key) } else { above };
        self.layout.note(edge.by, edge.name, spec, place);
        if self.layout.len() > MOST_PACKAGES || self.layout.depth(place) > DEEPEST {
            return Err(Stop::Error(
                self.refused(edge, "the tree of what it needs has no end".to_owned()),
            ));
        }
        Ok(Some(place))
    }

    /// Does without what cannot be had, where that is possible.
    fn cannot(&self, edge: &Edge<'_>, why: String) -> Result<Option<Place>, Stop> {
        if edge.need.kind == Kind::May {
            return Ok(None);
        }
        match &self.layout.at(edge.by).only_for {
            Some(package) if !self.left_out.contains(package) => {
                Err(Stop::Without(package.clone()))
            }
            _ => Err(Stop::Error(self.refused(edge, why))),
        }
    }

    fn refused(&self, edge: &Edge<'_>, why: String) -> CatalogueError {
        let by = &self.layout.at(edge.by).manifest;
        CatalogueError::Dependency {
            offer: Box::new(self.aim.offer.clone()),
            by: format!("{}@{}", by.name, by.version),
            needs: format!("{}@{}", edge.name, edge.need.text),
            why,
        }
    }
}
