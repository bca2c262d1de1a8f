//! The Python a marker is asked about.

/// What is known of an interpreter and its machine; each field is a variable of PEP 508.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonEnvironment {
    /// `3.12.4`
    pub python_full_version: String,
    /// `3.12`
    pub python_version: String,
    /// `cpython`
    pub implementation_name: String,
    /// `3.12.4`
    pub implementation_version: String,
    /// `CPython`
    pub platform_python_implementation: String,
    /// `posix`, `nt`
    pub os_name: String,
    /// `linux`, `darwin`, `win32`
    pub sys_platform: String,
    /// `Linux`, `Darwin`, `Windows`
    pub platform_system: String,
    /// `x86_64`, `aarch64`, `arm64`, `AMD64`
    pub platform_machine: String,
    /// The kernel's version. A lock is for more than one, so it is empty where nobody says.
    pub platform_release: String,
    /// The kernel's build. As above.
    pub platform_version: String,
}

impl PythonEnvironment {
    /// `CPython` of this version on a system: `x86_64`, `aarch64` and `linux`, `darwin`, `windows`.
    pub fn cpython(full_version: &str, arch: &str, os: &str) -> Self {
        let (os_name, sys_platform, system) = match os {
            "darwin" => ("posix", "darwin", "Darwin"),
            "windows" => ("nt", "win32", "Windows"),
            _ => ("posix", "linux", "Linux"),
        };
        let machine = match (arch, os) {
            ("aarch64", "darwin") => "arm64",
            ("aarch64", "windows") => "ARM64",
            ("x86_64", "windows") => "AMD64",
            (arch, _) => arch,
        };
        let short: Vec<&str> = full_version.splitn(3, '.').take(2).collect();
        Self {
            python_full_version: full_version.to_owned(),
            python_version: short.join("."),
            implementation_name: "cpython".to_owned(),
            implementation_version: full_version.to_owned(),
            platform_python_implementation: "CPython".to_owned(),
            os_name: os_name.to_owned(),
            sys_platform: sys_platform.to_owned(),
            platform_system: system.to_owned(),
            platform_machine: machine.to_owned(),
            platform_release: String::new(),
            platform_version: String::new(),
        }
    }
}
