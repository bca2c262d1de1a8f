//! Where each package of a tree lies, so that node finds for each what it needs.
//!
//! Whoever asks for `x` gets the `x` in the nearest `node_modules` on the way from its own folder to the root. So a
//! package lies as near to the root as it can without hiding another version from somebody who found that one; of two
//! versions the one that is needed first lies higher.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::Manifest;
use super::spec::Spec;

/// A place in the tree.
pub(super) type Place = usize;

/// The package itself.
pub(super) const ROOT: Place = 0;

/// A package in its place.
#[derive(Debug)]
pub(super) struct Placed {
    /// The name of its folder: the one it is needed by.
    pub(super) name: String,
    pub(super) manifest: Arc<Manifest>,
    /// The package that all of this is only optional for, by name and version.
    pub(super) only_for: Option<(String, String)>,
    above: Option<Place>,
    below: BTreeMap<String, Place>,
}

/// Somebody who needs something and found it.
#[derive(Debug)]
struct Use {
    by: Place,
    spec: Spec,
    found: Place,
}

/// The tree of a package and all that it needs.
#[derive(Debug)]
pub(super) struct Layout {
    placed: Vec<Placed>,
    /// By the name that is needed.
    uses: BTreeMap<String, Vec<Use>>,
}

/// Where a need is looked up from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The package's own folder.
    Own,
    /// The folder it lies in: for what it shares with those who need it.
    Around,
}

impl Layout {
    pub(super) fn new(root: Arc<Manifest>) -> Self {
        let placed = Placed {
            name: root.name.clone(),
            manifest: root,
            only_for: None,
            above: None,
            below: BTreeMap::new(),
        };
        Self {
            placed: vec![placed],
            uses: BTreeMap::new(),
        }
    }

    pub(super) fn at(&self, place: Place) -> &Placed {
        &self.placed[place]
    }

    pub(super) fn at_mut(&mut self, place: Place) -> &mut Placed {
        &mut self.placed[place]
    }

    pub(super) fn len(&self) -> usize {
        self.placed.len()
    }

    /// The place that needs of `by` are looked up from.
    fn start(&self, by: Place, from: From) -> Place {
        match from {
            From::Own => by,
            From::Around => self.placed[by].above.unwrap_or(by),
        }
    }

    /// What node finds when `by` asks for `name`.
    pub(super) fn find(&self, by: Place, from: From, name: &str) -> Option<Place> {
        let mut here = Some(self.start(by, from));
        while let Some(place) = here {
            if let Some(found) = self.placed[place].below.get(name) {
                return Some(*found);
            }
            here = self.placed[place].above;
        }
        (self.placed[ROOT].name == name).then_some(ROOT)
    }

    /// Remembers that `by` needs `name` and found it.
    pub(super) fn note(&mut self, by: Place, name: &str, spec: Spec, found: Place) {
        let uses = self.uses.entry(name.to_owned()).or_default();
        uses.push(Use { by, spec, found });
    }

    /// Whether a package that is needed as `name` can lie where `by` would find it.
    pub(super) fn has_room(&self, by: Place, from: From, name: &str) -> bool {
        !self.placed[self.start(by, from)].below.contains_key(name)
    }

    /// Places a package that `by` needs as `name`, where it found none that will do; [`Self::has_room`] was asked.
    pub(super) fn place(
        &mut self,
        by: Place,
        from: From,
        name: &str,
        manifest: Arc<Manifest>,
    ) -> Place {
        let start = self.start(by, from);
        let mut way = vec![start];
        // Up to the folder that has another version: this one lies below it.
        while let Some(above) = self.placed[way[way.len() - 1]].above
            && !self.placed[above].below.contains_key(name)
        {
            way.push(above);
        }
        let free = way
            .iter()
            .rev()
            .find(|place| !self.hides(**place, name, &manifest));
        let above = free.copied().unwrap_or(start);
        let new = self.placed.len();
        self.placed.push(Placed {
            name: name.to_owned(),
            manifest,
            only_for: None,
            above: Some(above),
            below: BTreeMap::new(),
        });
        self.placed[above].below.insert(name.to_owned(), new);
        self.lead(above, name, new);
        new
    }

    /// Whether the package, lying in `above`, would be found by somebody for whom it will not do.
    fn hides(&self, above: Place, name: &str, manifest: &Manifest) -> bool {
        let tag_is_it = |_: &str| false;
        self.led(above, name).any(|it| {
            !it.spec
                .is_met_by(&manifest.name, &manifest.version, tag_is_it)
        })
    }

    /// Those who would find what is new in `above`: they are below it, and what they found is not.
    fn led<'l>(&'l self, above: Place, name: &str) -> impl Iterator<Item = &'l Use> {
        let uses = self.uses.get(name).into_iter().flatten();
        uses.filter(move |it| self.is_led(it, above))
    }

    fn is_led(&self, it: &Use, above: Place) -> bool {
        let found_below = self.placed[it.found]
            .above
            .is_some_and(|place| self.is_within(place, above));
        self.is_within(it.by, above) && !found_below
    }

    /// Lets those who find the new one from now on know it.
    fn lead(&mut self, above: Place, name: &str, new: Place) {
        let Some(mut uses) = self.uses.remove(name) else {
            return;
        };
        for it in &mut uses {
            if self.is_led(it, above) {
                it.found = new;
            }
        }
        self.uses.insert(name.to_owned(), uses);
    }

    fn is_within(&self, place: Place, above: Place) -> bool {
        let mut here = Some(place);
        while let Some(place) = here {
            if place == above {
                return true;
            }
            here = self.placed[place].above;
        }
        false
    }

    /// How many folders deep it lies.
    pub(super) fn depth(&self, place: Place) -> usize {
        let mut depth = 0;
        let mut here = place;
        while let Some(above) = self.placed[here].above {
            depth += 1;
            here = above;
        }
        depth
    }

    /// Where in the whole it lies.
    pub(super) fn path(&self, place: Place) -> String {
        let placed = &self.placed[place];
        match placed.above {
            Some(above) => format!("{}/node_modules/{}", self.path(above), placed.name),
            None => format!("lib/node_modules/{}", placed.name),
        }
    }

    /// All places with their paths, the root first and each behind those it lies in.
    pub(super) fn paths(&self) -> Vec<(String, &Placed)> {
        let mut paths: Vec<(String, &Placed)> = self
            .placed
            .iter()
            .enumerate()
            .map(|(place, placed)| (self.path(place), placed))
            .collect();
        paths.sort_by(|one, other| one.0.split('/').cmp(other.0.split('/')));
        paths
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::version::Scheme;
    use dgmo_schema::version::Version;
    use serde_json::Value;

    use super::*;

    fn package(text: &str) -> Arc<Manifest> {
        let (name, version) = text.rsplit_once('@').unwrap();
        let version = Version::parse(Scheme::Npm, version).unwrap();
        Arc::new(Manifest::read(name, &version, &Value::Null))
    }

    /// Lays out by lines `who: name@range name@range → version`, where `who` is a path's end.
    fn laid(needs: &[(&str, &str, &str, &str)]) -> Vec<String> {
        let mut layout = Layout::new(package("tool@1.0.0"));
        for (by, name, range, version) in needs {
            let by = (0..layout.len())
                .find(|place| layout.path(*place).ends_with(&format!("/{by}")))
                .unwrap();
            let spec = Spec::parse(name, range).unwrap();
            let found = layout.find(by, From::Own, name);
            let fits = |place: &Place| {
                let manifest = &layout.at(*place).manifest;
                spec.is_met_by(&manifest.name, &manifest.version, |_| false)
            };
            let found = found.filter(fits).unwrap_or_else(|| {
                layout.place(by, From::Own, name, package(&format!("{name}@{version}")))
            });
            layout.note(by, name, spec, found);
        }
        let paths = layout.paths().into_iter();
        let prefix = "lib/node_modules/tool";
        let shown = paths.map(|(path, placed)| {
            let path = path[prefix.len()..].replace("/node_modules/", ">");
            format!("{path}@{}", placed.manifest.version)
        });
        shown.skip(1).collect()
    }

    #[test]
    fn what_fits_is_shared_and_what_clashes_is_nested() {
        let shared = laid(&[
            ("tool", "a", "^1", "1.0.0"),
            ("tool", "b", "^1", "1.0.0"),
            ("a", "c", "^1", "1.5.0"),
            ("b", "c", "^1", "1.9.0"),
        ]);
        assert_eq!(shared, [">a@1.0.0", ">b@1.0.0", ">c@1.5.0"]);
        let nested = laid(&[
            ("tool", "a", "^1", "1.0.0"),
            ("tool", "b", "^1", "1.0.0"),
            ("a", "c", "^1", "1.5.0"),
            ("b", "c", "^2", "2.0.0"),
            ("b", "d", "^1", "1.0.0"),
        ]);
        assert_eq!(
            nested,
            [">a@1.0.0", ">b@1.0.0", ">b>c@2.0.0", ">c@1.5.0", ">d@1.0.0"]
        );
    }

    #[test]
    fn nobody_is_robbed_of_what_it_found() {
        // `c` of `x` found `d` at the root; another `d` may lie in `x` only if it will do for `c`, which lies there too.
        let laid = laid(&[
            ("tool", "c", "^2", "2.0.0"),
            ("tool", "d", "^1", "1.0.0"),
            ("tool", "x", "^1", "1.0.0"),
            ("x", "c", "^1", "1.0.0"),
            ("x/node_modules/c", "d", "^1", "1.0.0"),
            ("x/node_modules/c", "e", "^1", "1.0.0"),
            ("tool", "e", "^1", "1.0.0"),
            ("e", "d", "^2", "2.0.0"),
        ]);
        assert_eq!(
            laid,
            [
                ">c@2.0.0",
                ">d@1.0.0",
                ">e@1.0.0",
                ">e>d@2.0.0",
                ">x@1.0.0",
                ">x>c@1.0.0"
            ]
        );
    }

    #[test]
    fn a_package_that_needs_the_tool_finds_it() {
        let layout = Layout::new(package("tool@1.0.0"));
        assert_eq!(layout.find(ROOT, From::Own, "tool"), Some(ROOT));
        assert_eq!(layout.find(ROOT, From::Own, "other"), None);
        let own = laid(&[("tool", "a", "^1", "1.0.0"), ("a", "tool", "^0", "0.9.0")]);
        assert_eq!(own, [">a@1.0.0", ">tool@0.9.0"]);
    }
}
