//! Names and link targets that any folder can hold: checked once, so that no path made of them has a way out.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;

use crate::platform;

/// The longest name file systems take.
const LONGEST_NAME: usize = 255;

/// The longest link target systems take.
const LONGEST_TARGET: usize = 4095;

/// The name of an entry: any bytes but `/` and NUL, not empty, not `.` or `..`, at most 255 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(Box<[u8]>);

/// What a link says: any bytes but NUL, not empty, at most 4,095 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkTarget(Box<[u8]>);

/// What is wrong with a name or a link target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    #[error("it is empty")]
    Empty,
    #[error("it is `.` or `..`")]
    Dots,
    #[error("it holds a `/`")]
    Slash,
    #[error("it holds a zero byte")]
    Zero,
    #[error("it is too long")]
    TooLong,
    #[error("it is not Unicode")]
    NotUnicode,
}

impl EntryName {
    /// Checks `bytes` to be a name.
    pub fn new(bytes: &[u8]) -> Result<Self, NameProblem> {
        Self::check(bytes)?;
        Ok(Self(bytes.into()))
    }

    pub fn from_os(name: &OsStr) -> Result<Self, NameProblem> {
        Self::new(platform::from_os(name).ok_or(NameProblem::NotUnicode)?)
    }

    fn check(bytes: &[u8]) -> Result<(), NameProblem> {
        if bytes.is_empty() {
            return Err(NameProblem::Empty);
        }
        if bytes == b"." || bytes == b".." {
            return Err(NameProblem::Dots);
        }
        if bytes.contains(&b'/') {
            return Err(NameProblem::Slash);
        }
        if bytes.contains(&0) {
            return Err(NameProblem::Zero);
        }
        if bytes.len() > LONGEST_NAME {
            return Err(NameProblem::TooLong);
        }
        Ok(())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn to_os(&self) -> Cow<'_, OsStr> {
        platform::to_os(&self.0)
    }
}

impl LinkTarget {
    /// Checks `bytes` to be a link's target.
    pub fn new(bytes: &[u8]) -> Result<Self, NameProblem> {
        if bytes.is_empty() {
            return Err(NameProblem::Empty);
        }
        if bytes.contains(&0) {
            return Err(NameProblem::Zero);
        }
        if bytes.len() > LONGEST_TARGET {
            return Err(NameProblem::TooLong);
        }
        Ok(Self(bytes.into()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn to_os(&self) -> Cow<'_, OsStr> {
        platform::to_os(&self.0)
    }

    /// Whether it is a whole path.
    pub fn is_absolute(&self) -> bool {
        self.0[0] == b'/'
    }

    /// Whether the text leads out of a tree, from a folder `depth` folders below its root.
    pub fn leaves_tree(&self, depth: usize) -> bool {
        if self.is_absolute() {
            return true;
        }
        let mut depth = depth;
        for part in self.0.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." if depth == 0 => return true,
                b".." => depth -= 1,
                _ => depth += 1,
            }
        }
        false
    }
}

macro_rules! shown_as_text {
    ($($type:ident)*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&String::from_utf8_lossy(&self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", String::from_utf8_lossy(&self.0))
            }
        }
    )*};
}

shown_as_text!(EntryName LinkTarget);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_leave_its_folder_is_refused() {
        for good in [&b"a"[..], b"...", b"\xff\xfe", b"a\\b", b" ", &[b'n'; 255]] {
            assert!(EntryName::new(good).is_ok(), "{good:?}");
        }
        for bad in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0", &[b'n'; 256]] {
            assert!(EntryName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_link_leaves_when_it_climbs_above_the_root() {
        let leaves = |target: &str, depth| {
            LinkTarget::new(target.as_bytes())
                .unwrap()
                .leaves_tree(depth)
        };
        assert!(leaves("/etc/passwd", 5));
        assert!(leaves("..", 0));
        assert!(leaves("a/../..", 0));
        assert!(leaves("../../x", 1));
        assert!(!leaves("..", 1));
        assert!(!leaves("./a/../b", 0));
        assert!(!leaves("../x//y/", 1));
        assert!(LinkTarget::new(b"").is_err());
        assert!(LinkTarget::new(b"a\0").is_err());
    }
}
