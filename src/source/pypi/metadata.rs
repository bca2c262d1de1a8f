//! What a wheel says of itself: what it needs, and which parts of it can be asked for.

use std::io::Read;
use std::io::Seek;

use dgmo_schema::version::python::dependency::Dependency;
use dgmo_schema::version::python::dependency::Wanted;
use dgmo_schema::version::python::normal_name;
use dgmo_schema::version::range::VersionRange;

use super::super::catalogue::Need;
use super::super::catalogue::Needs;
use super::target::Target;

/// How its gist is written: another number where that changes.
pub(super) const KIND: &str = "needs of a wheel 1";

/// The most bytes the text may have.
const LARGEST: u64 = 16 << 20;

/// The `METADATA` of a wheel, in the one folder whose name ends in `.dist-info`.
pub(super) fn of_wheel(wheel: impl Read + Seek) -> Result<String, String> {
    let mut archive = zip::ZipArchive::new(wheel).map_err(|error| error.to_string())?;
    let is_it = |name: &str| {
        let mut parts = name.split('/');
        let folder = parts.next().unwrap_or_default();
        folder.ends_with(".dist-info") && parts.eq(["METADATA"])
    };
    // A name that cannot be read is not the one that is looked for.
    let name = {
        let mut names = archive.file_names().filter_map(Result::ok);
        names
            .find(|name| is_it(name))
            .map(std::borrow::Cow::into_owned)
    };
    let name = name.ok_or("it has no METADATA, so it is no wheel")?;
    let entry = archive.by_name(&name).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let mut limited = entry.take(LARGEST);
    limited
        .read_to_string(&mut text)
        .map_err(|error| format!("its METADATA cannot be read: {error}"))?;
    Ok(text)
}

/// What matters of it: the headers that are asked for below, each in one line.
pub(super) fn gist(text: &str) -> String {
    let mut gist = String::new();
    for name in ["Provides-Extra", "Requires-Dist"] {
        for value in headers(text, name) {
            gist.extend([name, ": ", &value, "\n"]);
        }
    }
    gist
}

/// The values of the header `name`, in the part before the first empty line. A line that begins with a space goes on
/// with the one above, also where it has nothing else: licences are written so.
fn headers(text: &str, name: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut is_it = false;
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            let more = line.trim();
            if let (true, false, Some(value)) = (is_it, more.is_empty(), values.last_mut()) {
                value.extend([" ", more]);
            }
            continue;
        }
        let header = line.split_once(':');
        let header = header.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        is_it = header.is_some();
        values.extend(header.map(|(_, value)| value.trim().to_owned()));
    }
    values
}

/// Whether there is a part of this name to ask for.
pub(super) fn provides(text: &str, extra: &str) -> bool {
    let mut names = headers(text, "Provides-Extra").into_iter();
    names.any(|name| normal_name(&name) == extra)
}

/// What it needs on `target`. With `extra`: what only that part of it needs, and itself as `exactly`.
pub(super) fn needs(text: &str, extra: Option<&str>, target: &Target, exactly: &Need) -> Needs {
    let mut needs = Vec::new();
    needs.extend(extra.map(|_| exactly.clone()));
    for line in headers(text, "Requires-Dist") {
        let dependency: Dependency = match line.parse() {
            Ok(dependency) => dependency,
            Err(error) => return Needs::Unusable(error.to_string()),
        };
        let holds = |extras: &[&str]| match &dependency.marker {
            Some(marker) => marker.holds(&target.environment, extras),
            None => true,
        };
        let is_needed = match extra {
            // What is needed without it is needed by the package itself.
            Some(extra) => holds(&[extra]) && !holds(&[]),
            None => holds(&[]),
        };
        if !is_needed {
            continue;
        }
        match &dependency.wanted {
            Wanted::Range(range) => needs.extend(each(&dependency, range)),
            Wanted::Address(_) => {
                return Needs::Unusable(format!(
                    "it needs `{}` from an address of its own, which no index vouches for",
                    dependency.name
                ));
            }
        }
    }
    Needs::Known(needs)
}

/// The package, and each part of it, which is known as a package of its own.
fn each<'d>(dependency: &'d Dependency, range: &VersionRange) -> impl Iterator<Item = Need> + 'd {
    let range = range.clone();
    let names = dependency
        .extras
        .iter()
        .map(|extra| with_extra(&dependency.name, extra));
    std::iter::once(dependency.name.clone())
        .chain(names)
        .map(move |package| Need {
            package,
            range: range.clone(),
        })
}

/// How a part of a package is called: `httpie[socks]`.
pub(super) fn with_extra(name: &str, extra: &str) -> String {
    format!("{name}[{extra}]")
}

/// The package and the part of it that a name stands for.
pub(super) fn split_extra(package: &str) -> (&str, Option<&str>) {
    match package.strip_suffix(']').and_then(|it| it.split_once('[')) {
        Some((name, extra)) => (name, Some(extra)),
        None => (package, None),
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::version::Scheme;
    use dgmo_schema::version::Version;

    use super::*;

    const TEXT: &str = "Metadata-Version: 2.1\nName: a\nRequires-Dist: b (>=1)\n\
        Requires-Dist: win ; sys_platform == \"win32\"\nrequires-dist: c[x,Y_z]<2 ; extra == 'More'\n\
        Requires-Dist: tomli ; python_version < '3.11'\nProvides-Extra: more\n\nRequires-Dist: not-this\n";

    fn of(text: &str, extra: Option<&str>) -> Result<Vec<String>, String> {
        let target = Target::new("3.11", &"x86_64-linux".parse().unwrap());
        let itself = Need {
            package: "a".to_owned(),
            range: VersionRange::exactly(&Version::parse(Scheme::Pep440, "1").unwrap()),
        };
        match needs(text, extra, &target, &itself) {
            Needs::Known(needs) => Ok(needs
                .iter()
                .map(|need| format!("{} {}", need.package, need.range))
                .collect()),
            Needs::Unusable(why) => Err(why),
        }
    }

    #[test]
    fn a_header_goes_on_in_lines_that_begin_with_a_space() {
        let text = "License: Copyright\n        All rights.\n        \n\t\n  Requires-Dist: not-this\n\
                    Requires-Dist: a >= 1 ;\n  python_version < '3'\r\nRequires-Dist: b\n\nRequires-Dist: body\n";
        let found = headers(text, "requires-dist");
        assert_eq!(found, ["a >= 1 ; python_version < '3'", "b"]);
    }

    #[test]
    fn what_is_needed_depends_on_the_target_and_the_extra() {
        assert_eq!(of(TEXT, None).unwrap(), ["b >=1"]);
        assert_eq!(
            of(TEXT, Some("more")).unwrap(),
            ["a =1", "c <2", "c[x] <2", "c[y-z] <2"]
        );
        assert_eq!(of(TEXT, Some("less")).unwrap(), ["a =1"]);
        assert!(provides(TEXT, "more") && !provides(TEXT, "not-this"));
        assert_eq!(of("", None).unwrap(), [""; 0]);
    }

    #[test]
    fn the_gist_says_the_same() {
        let folded = "Requires-Dist: a >= 1 ;\n  \n  extra == 'x'\r\nSummary: s\nProvides-Extra:x\n  \n\nRequires-Dist: no\n";
        for text in [TEXT, folded, "", "Requires-Dist: \n\n", "Requires-Dist"] {
            let gist = gist(text);
            for extra in [None, Some("more"), Some("x")] {
                assert_eq!(of(&gist, extra), of(text, extra), "{text}");
                let asked = extra.unwrap_or_default();
                assert_eq!(provides(&gist, asked), provides(text, asked), "{text}");
            }
            assert_eq!(super::gist(&gist), gist);
        }
    }

    #[test]
    fn what_no_index_can_give_is_refused() {
        for line in ["b @ https://example.org/b.whl", "b >> 1", "[x]"] {
            let text = format!("Requires-Dist: {line}\n");
            assert!(of(&text, None).is_err(), "{line}");
        }
        assert!(of_wheel(std::io::Cursor::new(b"PK nonsense")).is_err());
    }

    #[test]
    fn a_part_has_a_name() {
        assert_eq!(split_extra(&with_extra("a", "b")), ("a", Some("b")));
        assert_eq!(split_extra("a"), ("a", None));
    }
}
