//! The words of an asset's name and what each says of a system.

/// Operating systems that names tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Os {
    Linux,
    Darwin,
    Windows,
    Android,
    Ios,
    Other,
}

/// Architectures that names tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arch {
    X86_64,
    Aarch64,
    Armv7,
    /// 32-bit ARM older than version 7, or not told which.
    Arm,
    I686,
    Riscv64,
    Powerpc64le,
    S390x,
    Loongarch64,
    /// All the architectures of the system.
    Every,
    Other,
}

/// How a program is linked, and with which C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linked {
    Static,
    Musl,
    Gnu,
    Msvc,
    GnuLlvm,
}

/// What one word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Os(Os),
    Arch(Arch),
    /// An architecture that another word may correct: the `32` of `win32-x64`, the `64bit` of `arm-64bit`.
    LooseArch(Arch),
    OsArch(Os, Arch),
    OsLooseArch(Os, Arch),
    Linked(Linked),
    OsLinked(Os, Linked),
    /// Built for processors older or newer than the usual ones; greater is worse.
    Level(u8),
    /// Says nothing of what is inside.
    Noise,
    Word,
}

/// Spellings with a separator inside, and the one word they become.
const JOINED: &[(&str, &str)] = &[
    ("x86_64", "x64"),
    ("x86-64", "x64"),
    ("x86_32", "i686"),
    ("x86-32", "i686"),
    ("aarch_64", "aarch64"),
    ("ppcle_64", "ppc64le"),
    ("s390_64", "s390x"),
    ("64-bit", "64bit"),
    ("64_bit", "64bit"),
    ("32-bit", "32bit"),
    ("32_bit", "32bit"),
    ("apple-silicon", "applesilicon"),
    ("apple_silicon", "applesilicon"),
    ("universal-binary", "universal"),
    ("universal_binary", "universal"),
    ("mingw-w64", "mingw"),
    ("mac-os", "macos"),
    ("mac_os", "macos"),
];

/// The words of `stem`, which is in lower case, without the numbers with dots in it.
pub(super) fn split(stem: &str) -> Vec<String> {
    let mut text = without_numbers(stem);
    for (spelling, word) in JOINED {
        if text.contains(spelling) {
            text = text.replace(spelling, word);
        }
    }
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `1.64.0` must not be read as 64 bits.
fn without_numbers(stem: &str) -> String {
    let mut out = String::with_capacity(stem.len());
    let mut rest = stem;
    while let Some(c) = rest.chars().next() {
        let before = out.chars().next_back();
        let length = dotted_number(rest);
        let after_v = before == Some('v') && !has_letter_before_last(&out);
        if length > 0 && (after_v || !before.is_some_and(char::is_alphanumeric)) {
            out.push('-');
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn has_letter_before_last(text: &str) -> bool {
    text.chars().rev().nth(1).is_some_and(char::is_alphanumeric)
}

/// How many bytes at the start of `text` are numbers with dots between them; none where there is no dot.
fn dotted_number(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut at = digits(text);
    let first = at;
    while at > 0 && text[at..].starts_with('.') {
        match digits(&text[at + 1..]) {
            0 => break,
            more => at += 1 + more,
        }
    }
    if at > first { at } else { 0 }
}

/// Whether a word names an operating system or an architecture.
pub(super) fn names_a_system(word: &str) -> bool {
    matches!(
        meaning(word),
        Meaning::Os(_)
            | Meaning::Arch(_)
            | Meaning::OsArch(..)
            | Meaning::LooseArch(_)
            | Meaning::OsLooseArch(..)
            | Meaning::OsLinked(..)
    )
}

/// What a word in lower case means by itself.
pub(super) fn meaning(word: &str) -> Meaning {
    if let Some(os) = os(word) {
        return Meaning::Os(os);
    }
    if let Some(arch) = arch(word) {
        return Meaning::Arch(arch);
    }
    if let Some(linked) = linked(word) {
        return Meaning::Linked(linked);
    }
    match word {
        "64bit" | "intel" | "intel64" => Meaning::LooseArch(Arch::X86_64),
        "32bit" => Meaning::LooseArch(Arch::I686),
        "win32" => Meaning::OsLooseArch(Os::Windows, Arch::I686),
        "win64" => Meaning::OsLooseArch(Os::Windows, Arch::X86_64),
        "mingw" | "msys" | "msys2" => Meaning::OsLinked(Os::Windows, Linked::Gnu),
        "alpine" => Meaning::OsLinked(Os::Linux, Linked::Musl),
        "baseline" => Meaning::Level(1),
        "modern" | "avx" | "avx2" | "avx512" | "avx512f" | "haswell" | "skylake" | "native" => {
            Meaning::Level(3)
        }
        "unknown" | "pc" | "bin" | "binary" | "binaries" | "prebuilt" | "release" | "stable"
        | "exe" | "dist" | "latest" | "portable" | "standalone" | "eabi" | "eabihf" | "abi"
        | "v" | "archive" | "signed" | "build" | "w64" => Meaning::Noise,
        _ if is_number(word) || is_version(word) => Meaning::Noise,
        _ => compound(word),
    }
}

fn os(word: &str) -> Option<Os> {
    Some(match word {
        "linux" | "gnulinux" => Os::Linux,
        "darwin" | "macos" | "macosx" | "osx" | "mac" | "apple" => Os::Darwin,
        "windows" | "win" | "cygwin" => Os::Windows,
        "android" | "androideabi" | "termux" => Os::Android,
        "ios" | "iossimulator" | "tvos" | "watchos" | "visionos" | "xcframework" => Os::Ios,
        "freebsd" | "openbsd" | "netbsd" | "dragonfly" | "dragonflybsd" | "solaris" | "illumos"
        | "sunos" | "aix" | "plan9" | "haiku" | "fuchsia" | "redox" | "wasm" | "wasm32"
        | "wasi" | "wasip1" | "wasip2" | "uefi" | "emscripten" | "openwrt" | "hurd" | "zos" => {
            Os::Other
        }
        _ => return None,
    })
}

fn arch(word: &str) -> Option<Arch> {
    Some(match word {
        "x64" | "amd64" | "x8664" | "em64t" | "amd64v1" | "x64v1" => Arch::X86_64,
        "aarch64" | "arm64" | "armv8" | "armv8a" | "arm64v8" | "arm8" | "applesilicon"
        | "silicon" | "m1" => Arch::Aarch64,
        "armv7" | "armv7l" | "armv7a" | "armv7h" | "armv7hf" | "armv7hl" | "arm7" | "arm32v7" => {
            Arch::Armv7
        }
        "arm" | "armhf" | "armhfp" | "armv6" | "armv6l" | "armv6hf" | "armv5" | "armel"
        | "arm5" | "arm6" | "arm32" | "armv5te" | "armv4t" | "arm32v6" => Arch::Arm,
        "i686" | "i386" | "i586" | "386" | "586" | "686" | "x86" | "ia32" | "x32" => Arch::I686,
        "riscv64" | "riscv64gc" | "rv64" | "riscv" => Arch::Riscv64,
        "powerpc64le" | "ppc64le" | "ppc64el" => Arch::Powerpc64le,
        "s390x" => Arch::S390x,
        "loongarch64" | "loong64" => Arch::Loongarch64,
        "universal" | "universal2" | "all" | "any" | "noarch" | "fat" => Arch::Every,
        "ppc64" | "powerpc64" | "ppc" | "powerpc" | "mips" | "mipsel" | "mipsle" | "mips64"
        | "mips64el" | "mips64le" | "mipsr6" | "sparc64" | "sparcv9" | "sparc" | "hppa"
        | "alpha64" | "riscv32" | "arm64ec" | "arm64e" | "m68k" | "sh4" | "armeb" => Arch::Other,
        _ => return None,
    })
}

fn linked(word: &str) -> Option<Linked> {
    Some(match word {
        "static" | "statically" => Linked::Static,
        "musl" | "musleabi" | "musleabihf" | "muslabi64" => Linked::Musl,
        "gnu" | "glibc" | "gnueabi" | "gnueabihf" | "gnuabi64" => Linked::Gnu,
        "msvc" => Linked::Msvc,
        "gnullvm" => Linked::GnuLlvm,
        _ if word.strip_prefix("glibc").is_some_and(is_number) => Linked::Gnu,
        _ => return None,
    })
}

/// Words that are two: `linux64`, `macos11`, `darwinarm64`, `manylinux2014`.
fn compound(word: &str) -> Meaning {
    const STARTS: &[&str] = &[
        "linux", "windows", "win", "macosx", "macos", "darwin", "osx", "mac", "freebsd", "openbsd",
        "netbsd",
    ];
    if word.starts_with("manylinux") {
        return Meaning::OsLinked(Os::Linux, Linked::Gnu);
    }
    if word.starts_with("musllinux") {
        return Meaning::OsLinked(Os::Linux, Linked::Musl);
    }
    STARTS
        .iter()
        .filter_map(|start| Some((os(start)?, word.strip_prefix(start)?)))
        .find_map(|(os, rest)| os_and(os, rest))
        .unwrap_or(Meaning::Word)
}

fn os_and(os: Os, rest: &str) -> Option<Meaning> {
    if let Some(arch) = arch(rest) {
        return Some(Meaning::OsArch(os, arch));
    }
    if let Some(linked) = linked(rest) {
        return Some(Meaning::OsLinked(os, linked));
    }
    match rest {
        "64" | "64bit" | "intel" => Some(Meaning::OsLooseArch(os, Arch::X86_64)),
        "32" | "32bit" => Some(Meaning::OsLooseArch(os, Arch::I686)),
        _ => is_number(rest).then_some(Meaning::Os(os)),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `v2`, `rc1`, `beta3`: numbers with letters before them that are part of a version.
fn is_version(word: &str) -> bool {
    ["v", "rc", "alpha", "beta", "pre", "r"]
        .iter()
        .any(|start| word.strip_prefix(start).is_some_and(is_number))
}

/// Names of Linux distributions: they say the system, and that the build is a particular one.
pub(super) fn is_distribution(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "ubuntu",
        "debian",
        "centos",
        "rhel",
        "fedora",
        "opensuse",
        "amazonlinux",
        "rocky",
        "el",
        "focal",
        "jammy",
        "noble",
        "bionic",
        "bookworm",
        "bullseye",
        "buster",
    ];
    NAMES.iter().any(|name| {
        word.strip_prefix(name)
            .is_some_and(|rest| (rest.is_empty() && name.len() > 2) || is_number(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_dots_are_no_words() {
        assert_eq!(split("tool-1.64.0-linux"), ["tool", "linux"]);
        assert_eq!(split("tool-v1.386.0.linux"), ["tool", "v", "linux"]);
        assert_eq!(split("amd64.2"), ["amd64", "2"]);
        assert_eq!(split("a.1."), ["a", "1"]);
        assert_eq!(split("1.2"), Vec::<String>::new());
    }

    #[test]
    fn words_that_are_two_are_read_as_two() {
        let pairs = [
            ("linux64", Meaning::OsLooseArch(Os::Linux, Arch::X86_64)),
            ("darwinarm64", Meaning::OsArch(Os::Darwin, Arch::Aarch64)),
            ("linuxmusl", Meaning::OsLinked(Os::Linux, Linked::Musl)),
            ("macos11", Meaning::Os(Os::Darwin)),
            ("winget", Meaning::Word),
            ("macro", Meaning::Word),
        ];
        for (word, expected) in pairs {
            assert_eq!(meaning(word), expected, "{word}");
        }
    }
}
