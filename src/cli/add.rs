//! `dgmo add`

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::Packing;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::name::PackageName;

use super::Global;
use super::exit::Exit;
use super::lock;
use super::switch;
use super::words;
use crate::ops;
use crate::ops::Edited;
use crate::ops::Follow;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;

/// Add a package to the manifest and switch to it
///
/// The manifest keeps every comment and blank line. If anything refuses, a wrong address or a clash, the manifest stays
/// as it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo add ./tools/notes                        a folder or program of this machine
  dgmo add notes --path ./tools/notes           the same under another name
  dgmo add helix --url 'https://example.org/helix-{version}-{system}.tar.xz' --version 25.1 --strip 1 --bin hx
  dgmo add jq --url https://example.org/jq --no-switch")]
pub(super) struct Args {
    /// A name, or a path or an address to take the name from
    #[arg(value_name = "PKG")]
    package: String,
    /// Take it from this folder or file
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    path: Option<String>,
    /// Take it from this address; may hold {version}, {system}, {os} and {arch}
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// What `{version}` stands for
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Drop this many leading folders of the archive
    #[arg(long, value_name = "N", default_value_t = 0)]
    strip: u32,
    /// Show only this program; may be given again
    #[arg(long, value_name = "PROGRAM")]
    bin: Vec<String>,
    /// How the address is packed, where its name does not tell: `tar.gz`, `zip`, `program`, …
    #[arg(long, value_name = "KIND", value_parser = words::packing)]
    unpack: Option<Packing>,
    /// What the bytes must hash to: `sha256:…` or `b3:…`
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// The minisign public key that must have signed them
    #[arg(long, value_name = "KEY")]
    minisign: Option<String>,
    /// Who wins when two packages have the same file
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_hyphen_values = true
    )]
    priority: i32,
    /// Edit the manifest and the lock only
    #[arg(long)]
    no_switch: bool,
    #[command(flatten)]
    common: switch::Common,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(args.common.special(), &renderer)?;
    let request = args.common.request("add")?;
    let (name, requirement) = package(args, &request.manifest)?;
    let follow = if args.no_switch {
        Follow::Lock
    } else {
        Follow::Switch
    };
    let show = |plan: &_| switch::show_plan(plan, printer);
    let edited = ops::add(&engine, request, &name, &requirement, (follow, &show))?;
    tell(&edited, printer)
}

/// Says what an edit led to.
pub(super) fn tell(edited: &Edited, printer: Printer) -> Result<Exit> {
    match edited {
        Edited::Switched(report) => switch::tell(report, printer)?,
        Edited::Locked(report) => lock::tell(report, printer)?,
    }
    Ok(Exit::Done)
}

/// The name and the package that are meant.
fn package(args: &Args, manifest: &Path) -> Result<(PackageName, Requirement)> {
    let given = &args.package;
    let (name, place) = match (&args.path, &args.url) {
        (Some(path), _) => (given.clone(), Place::Path(path.clone())),
        (_, Some(url)) => (given.clone(), Place::Url(url.clone())),
        (None, None) if given.contains("://") => (name_of(given), Place::Url(given.clone())),
        (None, None) if given.starts_with('.') || given.starts_with('/') => {
            (name_of(given), Place::Path(given.clone()))
        }
        (None, None) => {
            return Err(OpError::Usage {
                what: format!("it is not said where `{given}` comes from"),
                hint: format!(
                    "add `--path DIR` or `--url URL`: this version knows no registry yet (`dgmo add {given} --url …`)"
                ),
            }
            .into());
        }
    };
    let source = match place {
        Place::Path(path) => Source::Path {
            path: relative(&path, manifest)?,
            base: folder(manifest),
        },
        Place::Url(url) => Source::Url(UrlSource {
            url,
            version: args.version.clone(),
            strip: args.strip,
            unpack: args.unpack,
            digest: digest(args.digest.as_deref())?,
            minisign: args.minisign.clone(),
        }),
    };
    let requirement = Requirement {
        source,
        bin: args.bin.clone(),
        priority: args.priority,
    };
    Ok((name.parse()?, requirement))
}

enum Place {
    Path(String),
    Url(String),
}

/// What a path or an address ends in, without what says how it is packed.
fn name_of(place: &str) -> String {
    let last = place
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(place);
    let last = last.split(['?', '#']).next().unwrap_or(last);
    let ends = [
        ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".txz", ".tar", ".zip", ".gz",
    ];
    let stem = ends
        .iter()
        .find_map(|end| last.strip_suffix(end))
        .unwrap_or(last);
    stem.to_owned()
}

fn digest(
    text: Option<&str>,
) -> Result<BTreeMap<DigestScope, dgmo_schema::manifest::ExpectedDigest>> {
    let Some(text) = text else {
        return Ok(BTreeMap::new());
    };
    let digest = text.parse().map_err(|error| OpError::Usage {
        what: format!("`{text}` is not a digest: {error}"),
        hint: "write `sha256:` or `b3:` and 64 hexadecimal digits".to_owned(),
    })?;
    Ok(BTreeMap::from([(DigestScope::Any, digest)]))
}

fn folder(manifest: &Path) -> PathBuf {
    match manifest.parent() {
        Some(above) if !above.as_os_str().is_empty() => above.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A path given on the command line is relative to the working folder; in the manifest it is relative to that.
fn relative(path: &str, manifest: &Path) -> Result<String> {
    if Path::new(path).is_absolute() {
        return Ok(path.to_owned());
    }
    let wanted = super::global::absolute(Path::new(path))?;
    let folder = super::global::absolute(&folder(manifest))?;
    let shared = wanted
        .components()
        .zip(folder.components())
        .take_while(|(one, other)| one == other)
        .count();
    let ups = folder.components().skip(shared).map(|_| "..".to_owned());
    let downs = wanted
        .components()
        .skip(shared)
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = ups.chain(downs).collect();
    let joined = parts.join("/");
    Ok(if joined.starts_with("..") {
        joined
    } else {
        format!("./{joined}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_from_a_path_or_an_address() {
        let table = [
            ("./tools/notes/", "notes"),
            ("https://example.org/jq-1.7.tar.gz?x=1", "jq-1.7"),
            ("/opt/thing.zip", "thing"),
        ];
        for (place, name) in table {
            assert_eq!(name_of(place), name);
        }
    }
}
