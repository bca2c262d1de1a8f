//! Packages with which one deed failed: each is told like an error of its own, with its own hint.

use std::error::Error;
use std::fmt;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use dgmo_schema::name::PackageName;

/// Some packages could not be dealt with; each with its reason.
#[derive(Debug)]
pub struct Several<E> {
    deed: &'static str,
    /// The code where there are several; one alone shows its own.
    code: Code,
    /// In order of name; never empty.
    failed: Vec<OneOf<E>>,
}

/// One of them.
#[derive(Debug)]
struct OneOf<E> {
    deed: &'static str,
    name: PackageName,
    failure: E,
    /// Whether all have the same hint, which is then told once.
    shares_hint: bool,
}

impl<E: Diagnose + 'static> Several<E> {
    /// Those that could not be `deed`. There must be one.
    pub(crate) fn new(deed: &'static str, code: Code, mut failures: Vec<(PackageName, E)>) -> Self {
        failures.sort_by(|(one, _), (two, _)| one.cmp(two));
        let hints: Vec<_> = failures.iter().map(|(_, it)| it.deepest_hint()).collect();
        let shares_hint = hints.iter().all(|hint| *hint == hints[0]);
        let one_of = |(name, failure)| OneOf {
            deed,
            name,
            failure,
            shares_hint,
        };
        Self {
            deed,
            code,
            failed: failures.into_iter().map(one_of).collect(),
        }
    }

    /// The packages and why each failed, in order of name.
    pub fn failures(&self) -> impl Iterator<Item = (&PackageName, &E)> {
        self.failed.iter().map(|one| (&one.name, &one.failure))
    }

    fn only(&self) -> Option<&OneOf<E>> {
        match &self.failed[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl<E: Error> fmt::Display for Several<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &self.failed[..] {
            return only.fmt(f);
        }
        write!(f, "cannot {} {} packages: ", self.deed, self.failed.len())?;
        for (index, one) in self.failed.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}`{}`", one.name)?;
        }
        Ok(())
    }
}

impl<E: Diagnose + 'static> Error for Several<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.only().map(|only| &only.failure as &dyn Error)
    }
}

impl<E: Diagnose + 'static> Diagnose for Several<E> {
    fn code(&self) -> Code {
        self.only().map_or(self.code, |only| only.failure.code())
    }

    fn hint(&self) -> Option<Hint> {
        let first = self.failed.first().filter(|first| first.shares_hint);
        first.and_then(|first| first.failure.deepest_hint())
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        self.only().map(|only| &only.failure as &dyn Diagnose)
    }

    fn others(&self) -> Vec<&dyn Diagnose> {
        if self.only().is_some() {
            return Vec::new();
        }
        self.failed.iter().map(|one| one as &dyn Diagnose).collect()
    }
}

impl<E> fmt::Display for OneOf<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} `{}`", self.deed, self.name)
    }
}

impl<E: Diagnose + 'static> Error for OneOf<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.failure)
    }
}

impl<E: Diagnose + 'static> Diagnose for OneOf<E> {
    fn code(&self) -> Code {
        self.failure.code()
    }

    fn place(&self) -> Option<&Place> {
        self.failure.deepest_place()
    }

    fn deepest_hint(&self) -> Option<Hint> {
        let own = (!self.shares_hint).then_some(&self.failure);
        own.and_then(Diagnose::deepest_hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::PackageError;

    fn packing() -> PackageError {
        let url = "https://example.org/x".to_owned();
        PackageError::Packing { url }
    }

    fn program() -> PackageError {
        PackageError::Digest {
            url: "https://example.org/y".to_owned(),
        }
    }

    fn several(failures: [PackageError; 2]) -> Several<PackageError> {
        let names = ["b", "a"].map(|name| name.parse().unwrap());
        let failures = names.into_iter().zip(failures).collect();
        Several::new("resolve", Code::ResolveFailed, failures)
    }

    #[test]
    fn each_has_its_own_hint() {
        let error = several([packing(), program()]);
        assert_eq!(error.to_string(), "cannot resolve 2 packages: `a`, `b`");
        assert_eq!(error.deepest_hint(), None);
        let hints = error.others().into_iter().map(Diagnose::deepest_hint);
        assert_eq!(
            hints.collect::<Vec<_>>(),
            [program().deepest_hint(), packing().deepest_hint()]
        );
    }

    #[test]
    fn a_hint_that_all_share_is_told_once() {
        let error = several([packing(), packing()]);
        assert_eq!(error.deepest_hint(), packing().deepest_hint());
        assert!(
            error
                .others()
                .iter()
                .all(|one| one.deepest_hint().is_none())
        );
    }
}
