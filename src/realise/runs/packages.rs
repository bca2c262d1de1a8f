//! Where well-known libraries come from, for those that are missing.

/// By the library's name: the package of Debian's that has it, that of Fedora's, and that of conda's.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("libX11.so.6", "libx11-6", "libX11", "xorg-libx11"),
    ("libasound.so.2", "libasound2", "alsa-lib", "alsa-lib"),
    ("libbz2.so.1.0", "libbz2-1.0", "bzip2-libs", "bzip2"),
    ("libcrypt.so.1", "libcrypt1", "libxcrypt-compat", ""),
    ("libcrypto.so.1.1", "libssl1.1", "openssl1.1", "openssl"),
    ("libcrypto.so.3", "libssl3", "openssl-libs", "openssl"),
    ("libcurl.so.4", "libcurl4", "libcurl", "libcurl"),
    ("libexpat.so.1", "libexpat1", "expat", "expat"),
    ("libffi.so.8", "libffi8", "libffi", "libffi"),
    (
        "libfontconfig.so.1",
        "libfontconfig1",
        "fontconfig",
        "fontconfig",
    ),
    ("libfreetype.so.6", "libfreetype6", "freetype", "freetype"),
    ("libfuse.so.2", "libfuse2", "fuse-libs", ""),
    ("libgcc_s.so.1", "libgcc-s1", "libgcc", "libgcc"),
    ("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib"),
    ("libgomp.so.1", "libgomp1", "libgomp", "libgomp"),
    ("libgtk-3.so.0", "libgtk-3-0", "gtk3", "gtk3"),
    ("liblzma.so.5", "liblzma5", "xz-libs", "liblzma"),
    ("libncurses.so.6", "libncurses6", "ncurses-libs", "ncurses"),
    (
        "libncursesw.so.6",
        "libncursesw6",
        "ncurses-libs",
        "ncurses",
    ),
    ("libnss3.so", "libnss3", "nss", "nss"),
    ("libpcre2-8.so.0", "libpcre2-8-0", "pcre2", "pcre2"),
    ("libpq.so.5", "libpq5", "libpq", "libpq"),
    ("libreadline.so.8", "libreadline8", "readline", "readline"),
    (
        "libsqlite3.so.0",
        "libsqlite3-0",
        "sqlite-libs",
        "libsqlite",
    ),
    ("libssl.so.1.1", "libssl1.1", "openssl1.1", "openssl"),
    ("libssl.so.3", "libssl3", "openssl-libs", "openssl"),
    ("libstdc++.so.6", "libstdc++6", "libstdc++", "libstdcxx"),
    ("libtinfo.so.5", "libtinfo5", "ncurses-compat-libs", ""),
    ("libtinfo.so.6", "libtinfo6", "ncurses-libs", "ncurses"),
    ("libxml2.so.2", "libxml2", "libxml2", "libxml2"),
    ("libz.so.1", "zlib1g", "zlib", "zlib"),
    ("libzstd.so.1", "libzstd1", "libzstd", "zstd"),
];

/// Behind the name of a library that is missing: which packages have it, where that is known.
pub(super) fn told(library: &str) -> String {
    let known = KNOWN.iter().find(|it| it.0 == library);
    match known {
        Some((_, debian, fedora, "")) => {
            format!("; Debian has it in `{debian}`, Fedora in `{fedora}`")
        }
        Some((_, debian, fedora, conda)) => {
            format!("; Debian has it in `{debian}`, Fedora in `{fedora}`, conda in `{conda}`")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_known_library_is_told_with_the_packages_that_have_it() {
        assert!(KNOWN.is_sorted_by(|one, other| one.0 < other.0));
        assert!(told("libz.so.1").contains("`zlib1g`"));
        assert!(!told("libfuse.so.2").contains("conda"));
        assert_eq!(told("libours.so"), "");
    }
}
