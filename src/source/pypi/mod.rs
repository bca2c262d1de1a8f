//! Python packages: wheels of an index, and all the wheels that a tool needs with them.
//!
//! A piece is one wheel, named by its file's name; the index's page of its project tells where it is. Which wheels fit
//! follows from the Python and the system alone, not from the machine that locks.

mod listing;
mod metadata;
mod page;
mod project;
mod said;
mod settings;
mod target;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::catalogue::Offer;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::system::System;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::normal_name;
use dgmo_schema::version::range::VersionRange;

use super::Downloads;
use super::Expected;
use super::FetchError;
use super::Fetched;
use super::Request;
use super::address::Address;
use super::catalogue::Advice;
use super::catalogue::Ask;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::LeftOut;
use super::catalogue::Listed;
use super::catalogue::Need;
use super::catalogue::Needs;
use super::catalogue::Offered;
use super::catalogue::OfferedVersion;
use super::catalogue::Reach;
use super::catalogue::Universe;
use super::catalogue::Versions;
use super::catalogue::Way;
use super::parallel;
use page::Beside;
use page::File;
use project::Page;
use project::Project;
use project::Wish;
pub(in crate::source) use settings::Index;
pub(in crate::source) use settings::small;
use target::Target;

/// How many pages are asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// The index of Python's packages.
pub(super) struct Pypi<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    /// What was asked in this run, by the project's name; nothing where there is no such project.
    projects: Known<Option<Arc<Project>>>,
    /// What wheels say of themselves, by the file's name.
    texts: Known<Arc<str>>,
}

/// What was found out in this run, each once: who asks meanwhile waits for whoever finds it out.
pub(in crate::source) struct Known<T>(Mutex<HashMap<String, Arc<Mutex<Option<T>>>>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Known<T> {
    pub(in crate::source) fn get(
        &self,
        key: &str,
        find: impl FnOnce() -> Result<T, CatalogueError>,
    ) -> Result<T, CatalogueError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = Arc::clone(all.entry(key.to_owned()).or_default());
        drop(all);
        let mut one = one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*one {
            return Ok(known.clone());
        }
        let found = find()?;
        Ok(one.insert(found).clone())
    }
}

/// Whether what came before may do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fresh {
    /// The server is asked.
    Yes,
    /// What lies here already is enough, if anything does.
    No,
}

impl<'a> Pypi<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            projects: Known::default(),
            texts: Known::default(),
        }
    }

    /// The project as the first index that has it tells it.
    fn project(&self, name: &str) -> Result<Option<Arc<Project>>, CatalogueError> {
        self.projects.get(name, || {
            for index in settings::indexes(self.endpoints)? {
                match self.ask(index, name, Fresh::Yes) {
                    Ok(page) => return Ok(Some(Arc::new(Project::new(page)))),
                    Err(CatalogueError::Fetch(error)) if error.says_absent() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(None)
        })
    }

    /// One index's page of a project.
    fn ask(&self, index: Index, name: &str, fresh: Fresh) -> Result<Page, CatalogueError> {
        let url = format!("{}/{name}/", index.url);
        let mirrors = index.mirrors.iter();
        let request = Request {
            what: name.to_owned(),
            headers: index.own_headers().accepting(page::ACCEPT),
            url: url.clone(),
            mirrors: mirrors.map(|mirror| format!("{mirror}/{name}/")).collect(),
            expected: Expected::default(),
        };
        let read = |fetched: &mut Fetched| match page::read(&fetched.read(&request)?) {
            Ok(files) => Ok(listing::gist(&files, name)),
            Err(why) => Err(CatalogueError::Answer {
                url: url.clone(),
                why,
            }),
        };
        let kept;
        let downloads = match fresh {
            Fresh::Yes => self.downloads,
            Fresh::No => {
                kept = self.downloads.kept();
                &kept
            }
        };
        let gist = downloads.gist(&request, listing::KIND, &read)?;
        Ok(Page { index, url, gist })
    }

    /// What a wheel says of itself: from beside it where that is offered, else out of it.
    fn text(&self, project: &Project, file: &File) -> Result<Arc<str>, CatalogueError> {
        self.texts.get(&file.name, || self.new_text(project, file))
    }

    fn new_text(&self, project: &Project, file: &File) -> Result<Arc<str>, CatalogueError> {
        let beside = match file.metadata {
            Beside::Nothing => None,
            Beside::Something => Some(Vec::new()),
            Beside::Proven(digest) => Some(vec![digest]),
        };
        let beside = beside.map(|digests| {
            let mut request = file_request(&project.page, file, ".metadata")?;
            request.expected.digests = digests;
            self.downloads.gist(&request, metadata::KIND, &|fetched| {
                let bytes = fetched.read(&request)?;
                Ok(metadata::gist(&String::from_utf8_lossy(&bytes)))
            })
        });
        let text = match beside {
            Some(Ok(text)) => text,
            // It is said to be there and is not: the wheel itself has it.
            Some(Err(CatalogueError::Fetch(error))) if error.says_absent() => {
                self.text_within(project, file)?
            }
            Some(Err(error)) => return Err(error),
            None => self.text_within(project, file)?,
        };
        Ok(text.into())
    }

    fn text_within(&self, project: &Project, file: &File) -> Result<String, CatalogueError> {
        let request = wheel_request(&project.page, file)?;
        self.downloads.gist(&request, metadata::KIND, &|fetched| {
            let reader = std::io::BufReader::new(&mut fetched.file);
            let text = metadata::of_wheel(reader).map_err(|why| CatalogueError::Answer {
                url: super::redacted(&request.url),
                why,
            })?;
            Ok(metadata::gist(&text))
        })
    }

    /// The wheel as a piece.
    fn piece(&self, project: &Project, file: &File, it: Piece) -> Result<Piece, CatalogueError> {
        let (size, digest) = if let Some(digest) = file.digest {
            (file.size, digest)
        } else {
            // Nobody tells what it hashes to.
            let fetched = self.downloads.fetch(&wheel_request(&project.page, file)?)?;
            (Some(fetched.size), ExpectedDigest::Blake3(fetched.digest))
        };
        Ok(Piece {
            file: file.name.clone(),
            size,
            digest,
            ..it
        })
    }
}

impl Fetcher for Pypi<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        _enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let offer = &ask.source.offer;
        let name = normal_name(&offer.name);
        let Some(project) = self.project(&name)? else {
            return Err(self.absent(offer, &name)?);
        };
        let python = target::python_of(ask);
        let targets: Vec<Target> = ask
            .systems
            .iter()
            .map(|system| Target::new(&python, system))
            .collect();
        let seen = targets.iter().map(|target| {
            project.seen(Wish {
                target,
                not_after: None,
            })
        });
        let seen: Vec<_> = seen.collect();
        let listed = project.releases.iter().map(|(version, release)| {
            // A version is one for all systems: which of them has no wheel is told when that is locked. One that has none for
            // any is as good as not published.
            let chosen = seen.iter().map(|seen| seen.choose(release).err());
            let usable = chosen.reduce(Option::and).flatten();
            let withdrawn = project.withdrawn(release).map(withdrawn_because);
            Listed {
                version: version.clone(),
                published: Project::published(release),
                withdrawn: usable.or(withdrawn),
            }
        });
        Ok(Versions {
            listed: listed.collect(),
            channels: BTreeMap::new(),
        })
    }

    fn advice(&self, ask: &Ask<'_>, version: &Version) -> Result<Option<Advice>, CatalogueError> {
        let name = normal_name(&ask.source.offer.name);
        let Some(project) = self.project(&name)? else {
            return Err(self.absent(&ask.source.offer, &name)?);
        };
        let Some(release) = project.release(version) else {
            let why = "its index does not list it any more".to_owned();
            return Ok(Some(Advice::Withdrawn(why)));
        };
        Ok(project
            .withdrawn(release)
            .map(withdrawn_because)
            .map(Advice::Withdrawn))
    }

    /// The package alone, without what it needs.
    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let tool = Tool::new(self, ask, version, system);
        tool.lock(&BTreeMap::from([(tool.name.clone(), version.clone())]))
    }

    fn universe<'s>(
        &'s self,
        ask: &'s Ask<'s>,
        version: &'s Version,
        system: &'s System,
    ) -> Result<Option<Box<dyn Universe + 's>>, CatalogueError> {
        let tool = Tool::new(self, ask, version, system);
        // Without a wheel of its own there is nothing to choose for.
        let project = tool.found(&tool.name)?;
        tool.release(&project, &tool.name, version)?;
        Ok(Some(Box::new(tool)))
    }

    fn is_meant(&self, ask: &Ask<'_>, locked: &LockedPieces) -> bool {
        let runtime = target::runtime(&target::python_of(ask));
        locked.runtime == Some(runtime) && locked.pieces[0].name == tool_name(ask)
    }

    fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let name = normal_name(metadata::split_extra(&piece.name).0);
        // Where a file is does not change: a page that came before is enough, if it lists the file.
        for index in settings::indexes(self.endpoints)? {
            if let Ok(page) = self.ask(index, &name, Fresh::No)
                && let Some(request) = piece_request(&page, piece)?
            {
                return Ok(Way::Download(request));
            }
        }
        let Some(project) = self.project(&name)? else {
            return Err(self.absent(&of.of, &name)?);
        };
        let request = piece_request(&project.page, piece)?;
        let request = request.ok_or_else(|| CatalogueError::Answer {
            url: project.page.url.clone(),
            why: format!("it does not list `{}` any more", piece.file),
        })?;
        Ok(Way::Download(request))
    }
}

/// What is asked for a file that a page lists; `beside` is the end of the name of one that lies beside it.
fn file_request(page: &Page, file: &File, beside: &str) -> Result<Request, CatalogueError> {
    let not_understood = |why: String| CatalogueError::Answer {
        url: page.url.clone(),
        why,
    };
    let Address::Remote(base) = Address::parse(&page.url).map_err(FetchError::from)? else {
        return Err(not_understood("it is a file".to_owned()));
    };
    let url = base.redirected(&file.url).map_err(not_understood)?;
    let url = url.with_suffix(beside);
    Ok(Request {
        what: format!("{}{beside}", file.name),
        headers: page.index.headers(&url).accepting("*/*"),
        url: url.text().to_owned(),
        mirrors: Vec::new(),
        expected: Expected::default(),
    })
}

fn wheel_request(page: &Page, file: &File) -> Result<Request, CatalogueError> {
    let mut request = file_request(page, file, "")?;
    request.expected.size = file.size;
    request.expected.digests = file.digest.into_iter().collect();
    Ok(request)
}

/// What is asked for a piece, if the page has it.
fn piece_request(page: &Page, piece: &Piece) -> Result<Option<Request>, CatalogueError> {
    let Some(file) = page.file(&piece.file) else {
        return Ok(None);
    };
    let mut request = file_request(page, &file, "")?;
    request.expected.size = piece.size;
    request.expected.digests = vec![piece.digest];
    Ok(Some(request))
}

impl Pypi<'_> {
    /// Nobody has a project of this name: the refusal of the last that was asked.
    fn absent(&self, offer: &Offer, name: &str) -> Result<CatalogueError, CatalogueError> {
        let mut last = None;
        for index in settings::indexes(self.endpoints)? {
            last = self.ask(index, name, Fresh::Yes).err();
        }
        Ok(match last {
            Some(CatalogueError::Fetch(source)) => CatalogueError::NotOffered {
                offer: offer.clone(),
                source,
            },
            Some(error) => error,
            None => CatalogueError::Answer {
                url: offer.to_string(),
                why: "there was none of that name, and now there is; run the command again"
                    .to_owned(),
            },
        })
    }
}

/// How the package that is asked for is named in its lock: with the parts of it.
fn tool_name(ask: &Ask<'_>) -> String {
    let source = ask.source;
    let name = normal_name(&source.offer.name);
    if source.extras.is_empty() {
        name
    } else {
        metadata::with_extra(&name, &source.extras.join(","))
    }
}

/// One tool, for one system, with all it needs.
struct Tool<'s, 'a> {
    pypi: &'s Pypi<'a>,
    ask: &'s Ask<'s>,
    version: &'s Version,
    system: &'s System,
    target: Target,
    /// The tool itself.
    name: String,
}

impl<'s, 'a> Tool<'s, 'a> {
    fn new(pypi: &'s Pypi<'a>, ask: &'s Ask<'s>, version: &'s Version, system: &'s System) -> Self {
        Self {
            pypi,
            ask,
            version,
            system,
            target: Target::new(&target::python_of(ask), system),
            name: normal_name(&ask.source.offer.name),
        }
    }

    fn wish(&self) -> Wish<'_> {
        Wish {
            target: &self.target,
            // The tool's own version was chosen by then.
            not_after: self.ask.not_after,
        }
    }

    fn found(&self, name: &str) -> Result<Arc<Project>, CatalogueError> {
        let project = self.pypi.project(name)?;
        project.map_or_else(|| Err(self.pypi.absent(&self.ask.source.offer, name)?), Ok)
    }

    /// The wheel of one version.
    fn release(
        &self,
        project: &Project,
        name: &str,
        version: &Version,
    ) -> Result<File, CatalogueError> {
        let release = project.release(version);
        let release = release.ok_or_else(|| "it is not offered any more".to_owned());
        let file = release.and_then(|release| project.seen(self.wish()).file(release));
        file.map_err(|why| CatalogueError::NoBuild {
            what: format!(
                "`{name}` {version} with {}",
                target::runtime(&self.target.python)
            ),
            system: Box::new(self.system.clone()),
            why,
        })
    }

    /// Asks for pages that will be needed, several at once. What fails is asked for again when it is needed.
    fn warm(&self, needs: &[Need]) {
        let mut needs: Vec<&Need> = needs.iter().collect();
        needs.dedup_by(|one, other| one.package == other.package);
        let hosts = vec![None; needs.len()];
        parallel::run(&hosts, ASKED_AT_ONCE, ASKED_AT_ONCE, |at| {
            let (name, _) = metadata::split_extra(&needs[at].package);
            let Ok(Some(project)) = self.pypi.project(name) else {
                return;
            };
            let seen = project.seen(self.wish());
            let mut fit = project.releases.iter().rev().filter(|(version, release)| {
                needs[at].range.matches(version) && project.withdrawn(release).is_none()
            });
            if let Some(file) = fit.find_map(|(_, release)| seen.file(release).ok()) {
                drop(self.pypi.text(&project, &file));
            }
        });
    }
}

impl Universe for Tool<'_, '_> {
    fn roots(&self) -> Vec<Need> {
        let range = VersionRange::exactly(self.version);
        let extras = self.ask.source.extras.iter();
        let names = extras.map(|extra| metadata::with_extra(&self.name, extra));
        let names = std::iter::once(self.name.clone()).chain(names);
        let needs = names.map(|package| Need {
            package,
            range: range.clone(),
        });
        needs.collect()
    }

    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError> {
        let (name, _) = metadata::split_extra(package);
        let mut offered = Offered::default();
        let Some(project) = self.pypi.project(name)? else {
            return Ok(Arc::new(offered));
        };
        let seen = project.seen(self.wish());
        for (version, release) in &project.releases {
            let version = version.clone();
            match seen.choose(release) {
                Ok(_) => offered.versions.push(OfferedVersion {
                    version,
                    is_withdrawn: project.withdrawn(release).is_some(),
                }),
                Err(why) => offered.left_out.push(LeftOut { version, why }),
            }
        }
        Ok(Arc::new(offered))
    }

    fn needs(&self, package: &str, version: &Version) -> Result<Needs, CatalogueError> {
        let (name, extra) = metadata::split_extra(package);
        let project = self.found(name)?;
        let Some(release) = project.release(version) else {
            return Ok(Needs::Unusable("it is not offered any more".to_owned()));
        };
        let file = match project.seen(self.wish()).file(release) {
            Ok(file) => file,
            Err(why) => return Ok(Needs::Unusable(why)),
        };
        let text = self.pypi.text(&project, &file)?;
        let is_asked = |extra: &str| {
            name == self.name && self.ask.source.extras.iter().any(|asked| asked == extra)
        };
        if let Some(extra) = extra.filter(|extra| !metadata::provides(&text, extra))
            && is_asked(extra)
        {
            return Ok(Needs::Unusable(format!("it has no extra `{extra}`")));
        }
        let itself = Need {
            package: name.to_owned(),
            range: VersionRange::exactly(version),
        };
        let needs = metadata::needs(&text, extra, &self.target, &itself);
        if let Needs::Known(needs) = &needs {
            self.warm(needs);
        }
        Ok(needs)
    }

    fn lock(
        &self,
        chosen: &BTreeMap<String, Version>,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let mut pieces = Vec::new();
        for (name, version) in chosen {
            if metadata::split_extra(name).1.is_some() {
                continue;
            }
            let project = self.found(name)?;
            let file = self.release(&project, name, version)?;
            let is_tool = *name == self.name;
            let piece = Piece {
                name: if is_tool {
                    tool_name(self.ask)
                } else {
                    name.clone()
                },
                version: version.to_string(),
                file: String::new(),
                size: None,
                digest: ExpectedDigest::Sha256([0; 32]),
                unpack: None,
                at: site(&self.target.python),
            };
            let place = if is_tool { 0 } else { pieces.len() };
            pieces.insert(place, self.pypi.piece(&project, &file, piece)?);
        }
        let locked = LockedPieces {
            of: self.ask.source.offer.clone(),
            pieces,
            programs: BTreeMap::new(),
            runtime: Some(target::runtime(&self.target.python)),
            signer: None,
            whole: false,
        };
        Ok((Reach::ThisSystem, locked))
    }
}

/// Where wheels are in the package. It is no folder that a view shows: two tools may need two versions of one thing.
fn site(python: &str) -> String {
    let numbers: Vec<&str> = python.splitn(3, '.').take(2).collect();
    format!("env/lib/python{}/site-packages", numbers.join("."))
}

fn withdrawn_because(why: &str) -> String {
    match why {
        "" => "its publisher withdrew it".to_owned(),
        why => format!("its publisher withdrew it: {why}"),
    }
}
