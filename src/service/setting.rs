//! How a service is run on this machine: program, arguments, variables, folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::conduct::Service;
use dgmo_schema::generation::Record;
use dgmo_schema::name::ServiceName;

use super::ServiceError;

/// Where a generation stands on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What it is made of.
    pub record: &'a Record,
    /// Its folder: its own, not the pointer. What runs keeps its generation until it is started again.
    pub place: &'a Path,
    /// Where its home files go.
    pub target: &'a Path,
    /// The user's home folder, for `~/`.
    pub home: &'a Path,
}

impl Ground<'_> {
    /// Where a path is that the manifest says of the machine: absolute, `~/…`, or below the target folder.
    pub fn locate(&self, written: &str) -> PathBuf {
        match written.strip_prefix('~') {
            Some("") => self.home.to_owned(),
            Some(rest) if rest.starts_with('/') => self.home.join(&rest[1..]),
            _ => self.target.join(written),
        }
    }

    /// An argument as the program gets it: `~/` at its start is the home folder.
    fn argument(&self, written: &str) -> String {
        if written == "~" || written.starts_with("~/") {
            return self.locate(written).display().to_string();
        }
        written.to_owned()
    }

    /// The folders to search for programs, the generation's own first; then those `behind`.
    fn search_path(&self, behind: &[PathBuf]) -> Vec<PathBuf> {
        let mut folders = vec![self.place.join("view/bin")];
        let own = self.record.path.iter().map(|folder| {
            let below_home = folder.strip_prefix("~/").unwrap_or(folder);
            match folder.as_str() {
                "~" => self.home.to_owned(),
                _ => self.home.join(below_home),
            }
        });
        folders.extend(own);
        folders.extend(behind.iter().cloned());
        folders
    }
}

/// How a service is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its variables, `PATH` among them.
    pub env: BTreeMap<String, String>,
    /// Where it starts.
    pub folder: PathBuf,
}

impl Setting {
    /// That of `service` on `ground`.
    ///
    /// `shows` tells whether the generation's `bin` has a program; `behind` are the folders searched after its own.
    pub fn of(
        name: &ServiceName,
        service: &Service,
        ground: Ground<'_>,
        shows: &dyn Fn(&str) -> bool,
        behind: &[PathBuf],
    ) -> Result<Self, ServiceError> {
        let folder = match &service.folder {
            Some(folder) => ground.locate(folder),
            None => ground.target.to_owned(),
        };
        let path = ground.search_path(behind);
        let written = service.run.program();
        let program = if written.contains('/') {
            match written.strip_prefix("~/") {
                Some(_) => ground.locate(written),
                None => folder.join(written),
            }
        } else if shows(written) {
            ground.place.join("view/bin").join(written)
        } else {
            let found = path[1..].iter().map(|folder| folder.join(written));
            found
                .into_iter()
                .find(|program| program.is_file())
                .ok_or_else(|| ServiceError::NoProgram {
                    service: name.clone(),
                    program: written.to_owned(),
                })?
        };
        let mut env: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in ground.record.env.iter().chain(&service.env) {
            env.insert(name.to_string(), value.clone());
        }
        let folders: Vec<String> = path.iter().map(|f| f.display().to_string()).collect();
        env.insert("PATH".to_owned(), folders.join(":"));
        let arguments = service.run.arguments();
        Ok(Self {
            program,
            arguments: arguments.iter().map(|word| ground.argument(word)).collect(),
            env,
            folder,
        })
    }
}
