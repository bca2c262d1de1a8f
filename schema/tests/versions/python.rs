//! Markers, dependencies and wheels, against what Python's `packaging` says.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::python::dependency::Dependency;
use dgmo_schema::version::python::dependency::Wanted;
use dgmo_schema::version::python::environment::PythonEnvironment;
use dgmo_schema::version::python::platform::CompatibleTags;
use dgmo_schema::version::python::platform::Interpreter;
use dgmo_schema::version::python::platform::Platform;
use dgmo_schema::version::python::wheel::Wheel;

use crate::sample;
use crate::version;

#[test]
fn markers_hold_where_packaging_says_so() {
    let text = sample("python.markers");
    let mut lines = text.lines();
    let environments: Vec<(PythonEnvironment, Vec<&str>)> = lines
        .next()
        .unwrap()
        .split(' ')
        .map(|word| {
            let parts: Vec<&str> = word.split('/').collect();
            (
                PythonEnvironment::cpython(parts[0], parts[1], parts[2]),
                parts[3..].to_vec(),
            )
        })
        .collect();
    let mut wrong = Vec::new();
    for line in lines {
        let (marker, bits) = line.split_once('\t').unwrap();
        let dependency: Dependency = format!("name; {marker}")
            .parse()
            .unwrap_or_else(|error| panic!("{error}"));
        let found: String = environments
            .iter()
            .map(|(environment, extras)| {
                if dependency
                    .marker
                    .as_ref()
                    .unwrap()
                    .holds(environment, extras)
                {
                    '1'
                } else {
                    '0'
                }
            })
            .collect();
        if found != bits {
            wrong.push(format!("{marker}: {found}, not {bits}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn dependencies_are_read() {
    let one: Dependency = "Foo.Bar[b_c, D] (>=1.2, <2) ; python_version < '3.11'"
        .parse()
        .unwrap();
    assert_eq!(
        (one.name.as_str(), one.extras.as_slice()),
        ("foo-bar", ["b-c".to_owned(), "d".to_owned()].as_slice())
    );
    assert!(one.marker.is_some());
    let Wanted::Range(range) = &one.wanted else {
        panic!("{one:?}")
    };
    assert!(range.matches(&version(Scheme::Pep440, "1.5")));
    assert!(!range.matches(&version(Scheme::Pep440, "2.0")));
    let other: Dependency = "name@https://example.org/a.whl ; os_name == 'nt'"
        .parse()
        .unwrap();
    assert!(
        matches!(&other.wanted, Wanted::Address(address) if address == "https://example.org/a.whl")
    );
    let plain: Dependency = "requests".parse().unwrap();
    assert!(
        matches!(&plain.wanted, Wanted::Range(range) if range.matches(&version(Scheme::Pep440, "9")))
    );
    assert_eq!(plain.to_string(), "requests");
}

#[test]
fn what_is_no_dependency_is_refused_where_it_goes_wrong() {
    for (text, column, why) in [
        ("", 1, "it does not begin with the name of a package"),
        ("-x", 1, "it does not begin with the name of a package"),
        ("name[a", 5, "a `]` is missing"),
        ("name >=1 <2", 10, "a `,` is missing"),
        (
            "name (>=x)",
            9,
            "`x` is not a Python version: it does not begin with a number",
        ),
        (
            "name; python == '3'",
            7,
            "a variable or a text in quotes is missing",
        ),
        (
            "name; python_version < '3",
            24,
            "the ' that closes the text is missing",
        ),
        (
            "name; 'a' == 'b'",
            7,
            "two texts are compared, and no variable",
        ),
        ("name @", 7, "an address is missing after `@`"),
    ] {
        let error = text.parse::<Dependency>().unwrap_err();
        assert_eq!(
            (error.column(), error.why.as_str()),
            (column, why),
            "{text}"
        );
    }
}

/// Reads `3.13t glibc x86_64 2.39`.
fn described(text: &str) -> (Interpreter, Platform) {
    let words: Vec<&str> = text.split(' ').collect();
    let numbers = |text: &str| -> (u32, u32) {
        let (major, minor) = text.split_once('.').unwrap();
        (major.parse().unwrap(), minor.parse().unwrap())
    };
    let free_threaded = words[0].ends_with('t');
    let python = numbers(words[0].trim_end_matches('t'));
    let (major, minor) = numbers(words[3]);
    let arch = words[2].to_owned();
    let platform = match words[1] {
        "glibc" => Platform::Glibc { arch, major, minor },
        "musl" => Platform::Musl { arch, major, minor },
        "macos" => Platform::MacOs { arch, major, minor },
        _ => Platform::Windows { arch },
    };
    (
        Interpreter {
            major: python.0,
            minor: python.1,
            free_threaded,
        },
        platform,
    )
}

#[test]
fn tags_are_in_the_order_of_packaging() {
    for line in sample("python.tags").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let (python, platform) = described(fields[0]);
        assert_eq!(platform.tags().join(" "), fields[1], "{}", fields[0]);
        let wanted: Vec<String> = fields[2]
            .split(' ')
            .flat_map(|short| match short.strip_suffix('*') {
                Some(start) => fields[1]
                    .split(' ')
                    .map(|name| format!("{start}{name}"))
                    .collect(),
                None => vec![short.to_owned()],
            })
            .collect();
        let found: Vec<String> = CompatibleTags::new(python, &platform)
            .tags()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, wanted, "{}", fields[0]);
    }
}

#[test]
fn the_wheel_that_fits_best_is_taken() {
    let best = |described_as: &str, files: &[&str]| {
        let (python, platform) = described(described_as);
        let wheels: Vec<Wheel> = files.iter().map(|file| file.parse().unwrap()).collect();
        CompatibleTags::new(python, &platform)
            .best(&wheels)
            .map(ToString::to_string)
    };
    let files = [
        "name-1.0-py3-none-any.whl",
        "name-1.0-cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "name-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        "name-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "name-1.0-cp312-cp312-musllinux_1_2_x86_64.whl",
        "name-1.0-cp39-abi3-macosx_11_0_arm64.whl",
        "name-1.0-cp313-cp313t-manylinux_2_28_x86_64.whl",
        "name-1.0-1-cp313-cp313t-manylinux_2_28_x86_64.whl",
    ];
    for (machine, index) in [
        ("3.12 glibc x86_64 2.36", 2),
        ("3.12 glibc x86_64 2.17", 3),
        ("3.10 glibc x86_64 2.36", 1),
        ("3.12 musl x86_64 1.2", 4),
        ("3.12 musl x86_64 1.1", 0),
        ("3.12 macos aarch64 14.0", 5),
        ("3.12 windows x86_64 0.0", 0),
        ("3.13t glibc x86_64 2.39", 7),
    ] {
        assert_eq!(
            best(machine, &files).as_deref(),
            Some(files[index]),
            "{machine}"
        );
    }
    assert_eq!(best("3.12 windows x86_64 0.0", &files[1..]), None);
}

#[test]
fn names_of_wheels_are_read() {
    let wheel: Wheel =
        "Some_Name-1.0.0-1b-cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
            .parse()
            .unwrap();
    assert_eq!(
        (wheel.name.as_str(), wheel.version.as_str()),
        ("some-name", "1.0.0")
    );
    assert!(wheel.build.is_some() && !wheel.is_pure());
    let tags: Vec<String> = wheel.tags().map(|tag| tag.to_string()).collect();
    assert_eq!(
        tags,
        [
            "cp312-abi3-manylinux_2_17_x86_64",
            "cp312-abi3-manylinux2014_x86_64"
        ]
    );
    for file in [
        "name-1.0.tar.gz",
        "name-1.0-py3-none.whl",
        "name-x-py3-none-any.whl",
        "a__b-1-py3-none-any.whl",
        "a-1-b1-py3-none-any.whl",
        "a-1-py3..py2-none-any.whl",
    ] {
        assert!(file.parse::<Wheel>().is_err(), "{file}");
    }
}
