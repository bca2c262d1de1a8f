//! What a check sees.

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Hint;
use dgmo_schema::id::ObjectId;
use dgmo_schema::report::health::FindingState;
use dgmo_schema::report::health::HealthFinding;

/// One check: it looks at `W` and changes nothing.
pub struct Check<W: ?Sized> {
    /// Its name.
    pub name: &'static str,
    /// What is so when it finds nothing.
    pub title: &'static str,
    /// Looks.
    pub look: fn(&W) -> Vec<Finding>,
}

impl<W: ?Sized> std::fmt::Debug for Check<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(HealthFinding);

impl Finding {
    /// What was seen. Until something else is said, `dgmo repair` mends it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(HealthFinding {
            code,
            message: message.into(),
            path: None,
            object: None,
            state: FindingState::Found,
            how: None,
            remedy: Some(Hint::Run("dgmo repair".to_owned())),
        })
    }

    /// Where it was seen.
    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.0.path = Some(path.display().to_string());
        self
    }

    /// The object it is about.
    #[must_use]
    pub fn of(mut self, object: Option<ObjectId>) -> Self {
        self.0.object = object;
        self
    }

    /// What a person does about it.
    #[must_use]
    pub fn remedy(mut self, remedy: Hint) -> Self {
        self.0.remedy = Some(remedy);
        self
    }

    /// It is mended, or would be, this way.
    #[must_use]
    pub fn mended(mut self, dry_run: bool, how: impl Into<String>) -> Self {
        self.0.state = if dry_run {
            FindingState::WouldRepair
        } else {
            FindingState::Repaired
        };
        self.0.how = Some(how.into());
        self.0.remedy = None;
        self
    }

    /// What would be mended is only seen here: by one who does not mend.
    #[must_use]
    pub fn only_seen(mut self) -> Self {
        if self.0.state == FindingState::WouldRepair {
            self.0.state = FindingState::Found;
            self.0.remedy = Some(Hint::Run("dgmo repair".to_owned()));
        }
        self
    }

    /// Whether `dgmo repair` mends it.
    pub fn is_for_repair(&self) -> bool {
        self.0.remedy == Some(Hint::Run("dgmo repair".to_owned()))
    }

    /// Where it was seen.
    pub fn path(&self) -> Option<PathBuf> {
        self.0.path.as_ref().map(PathBuf::from)
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// As it is reported.
    pub fn report(self) -> HealthFinding {
        self.0
    }
}
