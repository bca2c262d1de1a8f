//! `dgmo add`

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::manifest::Cosign;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Packing;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::ShortSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::manifest::cosign_key;
use dgmo_schema::name::PackageName;
use dgmo_schema::version::python::normal_name;

use super::Global;
use super::exit::Exit;
use super::lock;
use super::switch;
use super::words;
use crate::ops;
use crate::ops::Edited;
use crate::ops::Engine;
use crate::ops::Failure;
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
  dgmo add jq --url https://example.org/jq --no-switch
  dgmo add ripgrep fd jq@1.7                    well-known tools: `dgmo search` finds their names
  dgmo add npm:typescript@5                     a package of npm, in a version that is compatible with 5
  dgmo add github:cli/cli --bin gh              the newest release of a repository
  dgmo add gh --from github:cli/cli@2 --asset 'gh_{version}_{os}_{arch}.tar.gz'")]
pub(super) struct Args {
    /// The name of a well-known tool (`NAME@VERSION`); or a path, an address or a package of a catalogue (`npm:NAME@VERSION`) to take the name from
    #[arg(value_name = "PKG", required = true)]
    packages: Vec<String>,
    /// Take it from this folder or file
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    path: Option<String>,
    /// Take it from this address; may hold {version}, {system}, {os} and {arch}
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Take it from a catalogue: `npm:NAME`, `pypi:NAME`, `github:OWNER/NAME`, `gitlab:…`, `forgejo:HOST/…`,
    /// `git:ADDRESS`, `deb:NAME`, `oci:HOST/NAME`, `crates:NAME`, `conda:NAME`; a version may follow an `@`
    #[arg(long, value_name = "CATALOGUE:NAME", conflicts_with_all = ["path", "url"])]
    from: Option<String>,
    /// Which versions will do: `14`, `~1.7`, `>=2, <4`, `latest`; with an address, what `{version}` stands for
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Which file of a release, where it is not obvious; may hold `*`, {version}, {system}, {os} and {arch}
    #[arg(long, value_name = "PATTERN")]
    asset: Option<String>,
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
    /// Who must have signed them with cosign, as its certificate names them; `*` is any text without `/` and `@`
    #[arg(
        long,
        value_name = "IDENTITY",
        requires = "cosign_issuer",
        conflicts_with_all = ["minisign", "cosign_key"]
    )]
    cosign_identity: Option<String>,
    /// Who says so: the provider of identities
    #[arg(long, value_name = "URL", requires = "cosign_identity")]
    cosign_issuer: Option<String>,
    /// The file of the public key of cosign's that must have signed them
    #[arg(long, value_name = "FILE", conflicts_with = "minisign")]
    cosign_key: Option<PathBuf>,
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
    let adding = Adding {
        args,
        engine: &engine,
        manifest: &request.manifest,
    };
    let packages = adding.packages()?;
    let follow = if args.no_switch {
        Follow::Lock
    } else {
        Follow::Switch
    };
    let show = |plan: &_| switch::show_plan(plan, printer);
    let edited = ops::add(&engine, request, &packages, (follow, &show))?;
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

/// What is added, and to what.
struct Adding<'a> {
    args: &'a Args,
    engine: &'a Engine<'a>,
    manifest: &'a Path,
}

impl Adding<'_> {
    /// The names and the packages that are meant.
    fn packages(&self) -> Result<Vec<(PackageName, Requirement)>> {
        if let [_, _, ..] = self.args.packages[..] {
            self.refuse_of_one()?;
        }
        let packages = self.args.packages.iter();
        packages.map(|given| self.package(given)).collect()
    }

    /// What says of one package where it comes from says nothing of several.
    fn refuse_of_one(&self) -> Result<()> {
        let args = self.args;
        for (flag, given) in [
            ("--path", args.path.is_some()),
            ("--url", args.url.is_some()),
            ("--from", args.from.is_some()),
            ("--version", args.version.is_some()),
            ("--asset", args.asset.is_some()),
            ("--bin", !args.bin.is_empty()),
            ("--digest", args.digest.is_some()),
        ] {
            if given {
                return Err(OpError::Usage {
                    what: format!("`{flag}` says something of one package, and these are several"),
                    hint: format!("add the one that `{flag}` is for alone"),
                }
                .into());
            }
        }
        Ok(())
    }

    fn package(&self, given: &str) -> Result<(PackageName, Requirement)> {
        let args = self.args;
        let (name, place) = self.meant(given)?;
        let source = match place {
            Place::Named(mut source) => {
                refuse_of_addresses(args)?;
                source.version = args.version.clone().or(source.version);
                let pattern = args.asset.clone().map(|text| (DigestScope::Any, text));
                source.asset = pattern.into_iter().collect();
                source.minisign.clone_from(&args.minisign);
                source.cosign = cosign(args)?;
                Source::Named(source)
            }
            _ if args.asset.is_some() => {
                return Err(OpError::Usage {
                    what: "`--asset` goes with releases of a forge".to_owned(),
                    hint: "say which with `--from github:OWNER/NAME`".to_owned(),
                }
                .into());
            }
            Place::Short(version) => {
                refuse_of_addresses(args)?;
                let version = args.version.clone().or(version);
                Source::Short(ShortSource {
                    version: Some(version.unwrap_or_else(|| "latest".to_owned())),
                    minisign: args.minisign.clone(),
                    cosign: cosign(args)?,
                })
            }
            Place::Path(path) => Source::Path {
                path: relative(&path, self.manifest)?,
                base: folder(self.manifest),
            },
            Place::Url(url) => Source::Url(UrlSource {
                url,
                version: args.version.clone(),
                strip: args.strip,
                unpack: args.unpack,
                digest: digest(args.digest.as_deref())?,
                minisign: args.minisign.clone(),
                cosign: cosign(args)?,
            }),
        };
        let requirement = Requirement {
            source,
            bin: args.bin.clone(),
            priority: args.priority,
            relocatable: true,
        };
        Ok((name.parse()?, requirement))
    }

    /// What a word of the command names.
    fn meant(&self, given: &str) -> Result<(String, Place)> {
        let args = self.args;
        if let Some(path) = &args.path {
            return Ok((given.to_owned(), Place::Path(path.clone())));
        }
        if let Some(url) = &args.url {
            return Ok((given.to_owned(), Place::Url(url.clone())));
        }
        if let Some(from) = &args.from {
            let source = named(from).ok_or_else(|| no_catalogue(from))?;
            return Ok((given.to_owned(), Place::Named(source)));
        }
        if let Some(source) = named(given) {
            return Ok((name_in(&source.offer), Place::Named(source)));
        }
        if given.contains("://") {
            return Ok((name_of(given), Place::Url(given.to_owned())));
        }
        if given.starts_with('.') || given.starts_with('/') {
            return Ok((name_of(given), Place::Path(given.to_owned())));
        }
        let (name, version) = match given.split_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (given, None),
        };
        let name = ops::tool(self.engine, name, self.manifest)?;
        Ok((name.to_string(), Place::Short(version)))
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each word of a command"
)]
enum Place {
    Path(String),
    Url(String),
    Named(NamedSource),
    /// A tool of an index, in a version.
    Short(Option<String>),
}

/// What `CATALOGUE:NAME@VERSION` means, if it begins with a catalogue.
pub(super) fn named(text: &str) -> Option<NamedSource> {
    let offer: Offer = text.parse().ok()?;
    // A name of npm may begin with the same sign, and one of git hold a user before it.
    let is_version =
        |version: &str| offer.catalogue != Catalogue::Git || !version.contains(['/', ':']);
    let (name, version) = match offer.name.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() && is_version(version) => {
            (name.to_owned(), Some(version.to_owned()))
        }
        _ => (offer.name, None),
    };
    // `oci:HOST/NAME:TAG`, as Docker has it.
    let (name, version) = match (offer.catalogue, name.rsplit_once(':')) {
        (Catalogue::Oci, Some((name, tag))) if version.is_none() && !tag.contains('/') => {
            (name.to_owned(), Some(tag.to_owned()))
        }
        _ => (name, version),
    };
    // `pypi:httpie[socks]`, as pip has it.
    let (name, extras) = match (offer.catalogue, name.strip_suffix(']')) {
        (Catalogue::Pypi, Some(rest)) if rest.contains('[') => {
            let (name, list) = rest.split_once('[')?;
            let extras = list.split(',').map(|extra| normal_name(extra.trim()));
            (name.to_owned(), extras.collect())
        }
        _ => (name, Vec::new()),
    };
    Some(NamedSource {
        version,
        extras,
        ..NamedSource::of(Offer {
            catalogue: offer.catalogue,
            name,
        })
    })
}

/// What a package of a catalogue is called where nothing else is said.
pub(super) fn name_in(offer: &Offer) -> String {
    let name = offer.name.trim_end_matches('/');
    let last = match offer.catalogue {
        Catalogue::Git => {
            let last = name.rsplit(['/', ':']).next().unwrap_or(name);
            last.strip_suffix(".git").unwrap_or(last)
        }
        // `lab::cmake` is a package of the channel `lab`.
        Catalogue::Conda => name.rsplit(['/', ':']).next().unwrap_or(name),
        _ => name.rsplit('/').next().unwrap_or(name),
    };
    last.to_ascii_lowercase()
}

fn no_catalogue(text: &str) -> Failure {
    OpError::Usage {
        what: format!("`{text}` names no package of a catalogue"),
        hint: "write `npm:NAME`, `pypi:NAME`, `github:OWNER/NAME`, `gitlab:GROUP/NAME`, \
               `forgejo:HOST/OWNER/NAME`, `git:ADDRESS`, `deb:NAME`, \
               `oci:HOST/NAME`, `crates:NAME` or `conda:NAME`"
            .to_owned(),
    }
    .into()
}

/// Who must have signed with cosign. What is wrong with a name is told when the manifest is read.
fn cosign(args: &Args) -> Result<Option<Cosign>> {
    if let (Some(identity), Some(issuer)) = (&args.cosign_identity, &args.cosign_issuer) {
        return Ok(Some(Cosign::Identity {
            identity: identity.clone(),
            issuer: issuer.clone(),
        }));
    }
    let Some(path) = &args.cosign_key else {
        return Ok(None);
    };
    let key = fs_err::read_to_string(path)
        .ok()
        .and_then(|it| cosign_key(&it));
    let key = key.ok_or_else(|| OpError::Usage {
        what: format!("there is no public key of cosign's in `{}`", path.display()),
        hint: "name the `.pub` file that `cosign generate-key-pair` writes".to_owned(),
    })?;
    Ok(Some(Cosign::Key(key)))
}

/// What is said of an address means nothing where there is none.
fn refuse_of_addresses(args: &Args) -> Result<()> {
    for (flag, given) in [
        ("--strip", args.strip != 0),
        ("--unpack", args.unpack.is_some()),
        ("--digest", args.digest.is_some()),
    ] {
        if given {
            return Err(OpError::Usage {
                what: format!("`{flag}` goes with `--url`"),
                hint: format!("leave `{flag}` out: a catalogue tells it"),
            }
            .into());
        }
    }
    Ok(())
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
