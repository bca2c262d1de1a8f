//! Which of an index's entries is for a system.

use dgmo_schema::system::System;

use super::manifest::Descriptor;
use super::manifest::Platform;

/// The entry for `system`, by its place: the one that asks least of the processor, of several alike the first.
pub(super) fn choose(entries: &[Descriptor], system: &System) -> Option<usize> {
    let fitting = entries.iter().enumerate().filter_map(|(at, entry)| {
        let platform = entry.platform.as_ref()?;
        (!entry.is_about_another).then_some((rank(platform, system)?, at))
    });
    fitting.min().map(|(_, at)| at)
}

/// How well a platform fits: 0 is best; none if what is for it does not run on `system`.
pub(super) fn rank(platform: &Platform, system: &System) -> Option<u8> {
    if platform.os != system.os() {
        return None;
    }
    let variant = platform.variant.as_deref().unwrap_or_default();
    match (system.arch(), platform.architecture.as_str(), variant) {
        ("x86_64", "amd64" | "x86_64", "" | "v1")
        | ("aarch64", "arm64" | "aarch64", "" | "v8")
        | ("armv7", "arm", "v7")
        | ("i686" | "x86", "386", "")
        | ("loongarch64", "loong64", "") => Some(0),
        ("armv7", "arm", "") | ("armv6", "arm", "v6") => Some(1),
        ("armv7", "arm", "v6") => Some(2),
        ("armv7" | "armv6", "arm", "v5") => Some(3),
        (own, theirs, "") => (own == theirs).then_some(0),
        _ => None,
    }
}

/// As told to people.
pub(super) fn shown(platform: &Platform) -> String {
    let mut text = format!("{}/{}", platform.os, platform.architecture);
    if let Some(variant) = &platform.variant {
        text.push('/');
        text.push_str(variant);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_least_of_the_processor_is_taken() {
        let platform = |text: &str| {
            let parts: Vec<&str> = text.split('/').collect();
            Platform {
                os: parts[0].to_owned(),
                architecture: parts[1].to_owned(),
                variant: parts.get(2).map(|it| (*it).to_owned()),
            }
        };
        for (system, fitting) in [
            ("x86_64-linux", &["linux/amd64", "linux/amd64/v1"][..]),
            ("aarch64-linux", &["linux/arm64/v8", "linux/arm64"]),
            ("aarch64-darwin", &["darwin/arm64"]),
            (
                "armv7-linux",
                &["linux/arm/v7", "linux/arm", "linux/arm/v6", "linux/arm/v5"],
            ),
            ("riscv64-linux", &["linux/riscv64"]),
        ] {
            let system: System = system.parse().unwrap();
            let ranks: Vec<_> = fitting
                .iter()
                .map(|it| rank(&platform(it), &system).unwrap())
                .collect();
            assert!(ranks.is_sorted(), "{system}: {ranks:?}");
            for other in [
                "linux/amd64/v3",
                "windows/amd64",
                "unknown/unknown",
                "linux/s390x",
            ] {
                assert_eq!(rank(&platform(other), &system), None, "{system} {other}");
            }
        }
    }
}
