//! `dgmo edit`: a home file becomes a real file that can be written, in the place of the link to it.

use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_schema::manifest::SecretSource;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::drift::DriftKind;
use dgmo_schema::report::drift::EditOutcome;
use dgmo_schema::report::drift::EditReport;
use dgmo_store::Node;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use super::managed::Held;
use super::managed::Managed;
use super::restore::RestoreRequest;
use super::restore::Which;
use super::restore::restore;
use super::status;
use crate::activate::Activation;
use crate::activate::Contents;
use crate::activate::Image;
use crate::activate::Op;
use crate::activate::Plan;

/// Why a home file cannot be edited in place.
#[derive(Debug, thiserror::Error)]
pub enum EditFileError {
    #[error("`{path}` is a secret, which comes from {from}")]
    Secret {
        path: TargetPath,
        from: SecretSource,
    },
    #[error("cannot edit `{path}`: {what} is in its place")]
    Drifted {
        path: TargetPath,
        what: &'static str,
        remedy: String,
    },
    #[error("cannot edit `{path}`: it has no content of its own")]
    NoContent { path: TargetPath, remedy: String },
}

impl Diagnose for EditFileError {
    fn code(&self) -> Code {
        match self {
            Self::Secret { .. } => Code::SecretElsewhere,
            Self::Drifted { .. } | Self::NoContent { .. } => Code::EditDrifted,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Secret { .. } => Hint::Do(
                "change it where it comes from, then run `dgmo switch --refresh-secrets`"
                    .to_owned(),
            ),
            Self::Drifted { remedy, .. } | Self::NoContent { remedy, .. } => {
                Hint::Run(remedy.clone())
            }
        })
    }
}

/// Someone who edits the file at a path until they are done.
pub type Editor<'a> = &'a dyn Fn(&std::path::Path) -> Result<()>;

/// Makes the home file `words` name a real file, and has it edited if there is somebody to do so.
pub fn edit_file(
    engine: &Engine<'_>,
    words: &str,
    dry_run: bool,
    editor: Option<Editor<'_>>,
) -> Result<EditReport> {
    let (mut report, file) = make_writable(engine, words, dry_run)?;
    let Some(editor) = editor.filter(|_| !dry_run) else {
        return Ok(report);
    };
    editor(&file)?;
    let store = begin::look(engine)?;
    let managed = Managed::current(engine, &store)?;
    let unit: TargetPath = report.path.parse()?;
    let live = managed.live(&unit)?;
    report.outcome = EditOutcome::Edited;
    match managed.difference(&unit, &live)? {
        Some(DriftKind::Editable) => {
            let request = RestoreRequest {
                which: Which::These(vec![unit.to_string()]),
                discard: false,
                dry_run: false,
            };
            restore(engine, &request)?;
            report.outcome = EditOutcome::Untouched;
        }
        None => report.outcome = EditOutcome::Untouched,
        Some(_) => {}
    }
    Ok(report)
}

fn make_writable(engine: &Engine<'_>, words: &str, dry_run: bool) -> Result<(EditReport, PathBuf)> {
    let looked = begin::look(engine)?;
    let held = if dry_run {
        None
    } else {
        Some(begin::hold(engine)?)
    };
    let store = held.as_ref().map_or(&looked, |held| &held.store);
    let managed = Managed::current(engine, store)?;
    let path = managed.find(words)?;
    let drifted = |what, unit: &TargetPath| EditFileError::Drifted {
        path: path.clone(),
        what,
        remedy: status::remedy(engine, "restore", unit.as_str()),
    };
    let Some((unit, image)) = managed.unit(&path) else {
        let mut below = managed.desired.keys().filter(|known| known.is_below(&path));
        return Err(match below.next() {
            Some(first) => OpError::Usage {
                what: format!("`{path}` is a folder whose files are there one by one"),
                hint: format!("name one of them, such as `{first}`"),
            }
            .into(),
            None => managed.not_managed(words).into(),
        });
    };
    let live = managed.live(unit)?;
    let ops = match (managed.difference(unit, &live)?, image) {
        (_, Image::Secret { from, .. }) => {
            let (path, from) = (path.clone(), from.clone());
            return Err(EditFileError::Secret { path, from }.into());
        }
        (Some(DriftKind::Changed | DriftKind::Editable), _) => Vec::new(),
        (Some(DriftKind::Missing), _) => return Err(drifted("nothing", unit).into()),
        (Some(DriftKind::ForeignLink), _) => {
            return Err(drifted("a link to somewhere else", unit).into());
        }
        (Some(_), _) => return Err(drifted("something else", unit).into()),
        (None, _) => Unit {
            engine,
            managed: &managed,
        }
        .ops(unit, image)?,
    };
    let outcome = match (dry_run, ops.is_empty()) {
        (_, true) => EditOutcome::AlreadyWritable,
        (true, false) => EditOutcome::Planned,
        (false, false) => EditOutcome::Writable,
    };
    let report = EditReport {
        profile: engine.profile.name().clone(),
        generation: managed.number,
        path: unit.to_string(),
        file: managed.shown(&path),
        outcome,
    };
    if let (Some(held), false) = (&held, ops.is_empty()) {
        let plan = Plan {
            before: ops,
            after: Vec::new(),
            footprint: managed.footprint.clone(),
            obstacles: Vec::new(),
            left_alone: Vec::new(),
            secrets: Contents::default(),
            recorded: true,
        };
        Activation::new(&engine.profile, &held.store, engine.observer, &held.guard).run(
            managed.number,
            managed.number,
            &plan,
        )?;
    }
    Ok((report, managed.at(&path)))
}

/// What makes a unit writable.
struct Unit<'a> {
    engine: &'a Engine<'a>,
    managed: &'a Managed<'a>,
}

impl Unit<'_> {
    fn ops(&self, path: &TargetPath, image: &Image) -> Result<Vec<Op>> {
        let folder = self.managed.record.files.get(path);
        if let (Some(RecordedContent::Folder(tree)), Image::Link(_)) =
            (folder.map(|file| file.content), image)
        {
            let mut ops = vec![Op::Put {
                path: path.clone(),
                before: Some(image.clone()),
                after: None,
            }];
            self.folder(path, tree, &mut ops)?;
            return Ok(ops);
        }
        let after = match (image, self.managed.held(path)?) {
            (Image::Copy { blob, mode }, _) => real_file(*blob, *mode),
            (Image::Link(_), Some(Held::File(blob, executable))) => {
                let mode = folder.and_then(|file| file.mode);
                real_file(blob, mode.map_or(usual(executable), |mode| mode.0))
            }
            _ => {
                return Err(EditFileError::NoContent {
                    path: path.clone(),
                    remedy: status::remedy(self.engine, "restore", path.as_str()),
                }
                .into());
            }
        };
        if after == *image {
            return Ok(Vec::new());
        }
        Ok(vec![Op::Put {
            path: path.clone(),
            before: Some(image.clone()),
            after: Some(after),
        }])
    }

    fn folder(&self, path: &TargetPath, tree: TreeId, ops: &mut Vec<Op>) -> Result<()> {
        ops.push(Op::MakeFolder { path: path.clone() });
        for entry in self.managed.store.read_tree(tree)?.entries() {
            let below: TargetPath = format!("{path}/{}", entry.name).parse()?;
            let image = match &entry.node {
                Node::Folder(tree) => {
                    self.folder(&below, *tree, ops)?;
                    continue;
                }
                Node::File(blob) => real_file(*blob, usual(false)),
                Node::Executable(blob) => real_file(*blob, usual(true)),
                Node::Link(to) => Image::Link(PathBuf::from(to.to_os().into_owned())),
            };
            ops.push(Op::Put {
                path: below,
                before: None,
                after: Some(image),
            });
        }
        Ok(())
    }
}

fn usual(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

/// A file its owner can write, whatever else the manifest says of it.
fn real_file(blob: BlobId, mode: u32) -> Image {
    Image::Copy {
        blob,
        mode: mode | 0o600,
    }
}
