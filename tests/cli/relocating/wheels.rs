//! Real wheels that carry native libraries and data of their own, in a home that was moved.

use super::Sandbox;
use crate::pypi::real::certificates;
use crate::pypi::real::machine;

/// Reckons with numpy, and tells the native libraries that were loaded for that.
const NUMBERS: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
import numpy
print("solved", numpy.linalg.solve(numpy.array([[2.0, 0.0], [0.0, 4.0]]), numpy.array([2.0, 4.0])).tolist())
loaded = sorted({line.split()[-1] for line in open("/proc/self/maps") if "numpy.libs/" in line})
print("loaded", loaded)
assert loaded and all(path.startswith(sys.argv[2]) for path in loaded)
"#;

/// What is built: modules and a generator that come with the tools, and a file made of a template.
const PROJECT: &str = r#"cmake_minimum_required(VERSION 3.18)
project(tried VERSION 1.2 LANGUAGES NONE)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(version.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
file(WRITE ${CMAKE_BINARY_DIR}/said.in "installs to @CMAKE_INSTALL_BINDIR@")
configure_file(${CMAKE_BINARY_DIR}/said.in ${CMAKE_BINARY_DIR}/said)
message(STATUS "modules are in ${CMAKE_ROOT}")
add_custom_target(all-of-it ALL COMMAND ${CMAKE_COMMAND} -E cat said)
"#;

#[test]
fn real_wheels_with_libraries_and_data_work_in_a_home_that_was_moved() {
    let Some((url, python)) = machine() else {
        return;
    };
    let sandbox = Sandbox::new();
    let tools = ["numpy", "cmake", "ninja"];
    let lines = tools.map(|tool| format!("  {tool}: {{pypi: {tool}, python: \"{python}\"}}\n"));
    sandbox.manifest(&format!(
        "sources: {{pypi: {{url: \"{url}\"}}}}\npackages:\n{}",
        lines.concat()
    ));
    let certificates = certificates();
    let env: Vec<_> = certificates
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_str()))
        .collect();
    sandbox.run_with(&["switch"], &env).works();
    sandbox.write("work/numbers.py", NUMBERS);
    sandbox.write("work/project/CMakeLists.txt", PROJECT);
    works_from(&sandbox, "home", &python);
    sandbox.rename("home", "moved");
    works_from(&sandbox, "moved", &python);
    let moved = sandbox.root().join("moved");
    let env = [("DGMO_HOME", moved.to_str().unwrap())];
    sandbox.run_with(&["store", "verify"], &env).works();
}

/// All of it runs, with nothing of any other place.
fn works_from(sandbox: &Sandbox, home: &str, python: &str) {
    let home = sandbox.root().join(home);
    let line = format!(
        "set -eu; home=$(readlink -f {home}); bin=$(echo \"$home\"/profiles/*/current/view/bin); \
         site=$(dirname $(dirname $(readlink -f $bin/f2py)))/env/lib/python{python}/site-packages; \
         python3 -I -S -B numbers.py $site $home; \
         export PATH=$bin:$PATH; rm -rf built; \
         cmake --version; cmake -G Ninja -S project -B built -DCMAKE_MAKE_PROGRAM=$bin/ninja; cmake --build built; \
         grep -q VERSION built/version.cmake",
        home = home.display(),
    );
    let ran = sandbox.sh(&line).works();
    let ran = ran.says("solved [1.0, 1.0]").says("installs to bin");
    let root = format!("modules are in {}", home.display());
    ran.says(&root);
}
