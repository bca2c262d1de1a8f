//! `dgmo update PKG --to V`: one package, and the version that it shall have.

use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::ShortSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::activation::SwitchReport;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::switch::Show;
use super::switch::switch;
use crate::manifest;
use crate::resolve::Update;

/// A package that has versions.
pub(super) enum Meant<'a> {
    /// One of a catalogue.
    Named(&'a NamedSource),
    /// One of an index.
    Short(&'a ShortSource),
    /// One behind an address with a version in it.
    Url { version: &'a str },
}

/// The package that is meant, if it can have one version or another.
pub(super) fn meant<'a>(manifest: &'a Manifest, name: &PackageName) -> Result<Meant<'a>> {
    let absent = || manifest::EditError::absent(name, manifest.packages.keys());
    let requirement = manifest.packages.get(name).ok_or_else(absent)?;
    let usage = |what: String, hint: &str| {
        let hint = hint.to_owned();
        Err(OpError::Usage { what, hint }.into())
    };
    match &requirement.source {
        Source::Named(source) => match &source.rev {
            Some(rev) => usage(
                format!("the manifest has `{name}` at `rev: {rev}`, which is no version"),
                "change `rev:` in `dgmo.yaml`",
            ),
            None => Ok(Meant::Named(source)),
        },
        Source::Short(source) => Ok(Meant::Short(source)),
        Source::Url(source) => match &source.version {
            Some(version) => Ok(Meant::Url { version }),
            None => usage(
                format!("the address of `{name}` has no `{{version}}`"),
                "change `url:` in `dgmo.yaml`",
            ),
        },
        Source::Path { .. } => usage(
            format!("`{name}` is a folder of this machine and has no versions"),
            "run `dgmo switch`: what is in it is looked at each time",
        ),
    }
}

/// Locks a version that the manifest lets in, and switches to it.
pub fn lock_to(
    engine: &Engine<'_>,
    mut request: SwitchRequest,
    (name, to): (&PackageName, &str),
    show: Show<'_>,
) -> Result<SwitchReport> {
    let loaded = manifest::load(&request.manifest)?;
    if let Meant::Url { version } = meant(&loaded.manifest, name)?
        && version != to
    {
        return Err(OpError::Usage {
            what: format!("the manifest has `{name}` in version `{version}` and no other"),
            hint: format!("run `dgmo update {name} --to '{to}' --edit` to have it say so"),
        }
        .into());
    }
    request.update = Update::To(name.clone(), to.to_owned());
    switch(engine, &request, show)
}
