//! What Python's packages say of themselves and of each other, besides versions.

pub mod dependency;
pub mod environment;
pub mod marker;
pub mod platform;
pub mod wheel;

/// The one spelling of a package's name: small letters, and `-` for each row of `-`, `_` and `.` (PEP 503).
pub fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// Whether this can name a package or an extra: letters, digits, and between them `-`, `_` and `.`.
fn is_name(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(ends)
        && text.ends_with(ends)
        && text.chars().all(|c| ends(c) || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        for (written, normal) in [
            ("Django", "django"),
            ("oslo.concurrency", "oslo-concurrency"),
            ("a_-.b", "a-b"),
            ("ruamel.yaml.clib", "ruamel-yaml-clib"),
        ] {
            assert_eq!(normal_name(written), normal);
        }
    }
}
