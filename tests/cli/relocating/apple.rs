//! Programs for macOS, made and read again by the tools of LLVM.

use std::fs;
use std::process::Command;

use super::super::Sandbox;
use super::archive;
use super::bin;

/// A version of the tools that is there.
fn tool(name: &str) -> Option<String> {
    let versions = ["", "-14", "-15", "-16", "-17", "-18", "-19"];
    let names = versions.iter().map(|version| format!("{name}{version}"));
    let mut found = names.filter(|name| Command::new(name).arg("--version").output().is_ok());
    let found = found.next();
    if found.is_none() {
        println!("skipped: there is no `{name}` on this machine");
    }
    found
}

#[test]
fn a_program_for_macos_finds_its_library_from_where_it_is_and_is_signed_again() {
    let (Some(clang), Some(lld), Some(otool)) =
        (tool("clang"), tool("ld64.lld"), tool("llvm-otool"))
    else {
        return;
    };
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.root().join("build/bin")).unwrap();
    fs::create_dir_all(sandbox.root().join("build/lib")).unwrap();
    sandbox.write("build/near.c", "int near(void) { return 7; }\n");
    sandbox.write(
        "build/tool.c",
        "int near(void); int main(void) { return near(); }\n",
    );
    let link = format!(
        "{lld} -arch arm64 -platform_version macos 12.0 12.0 -headerpad 200 -undefined dynamic_lookup"
    );
    for line in [
        format!("{clang} -target arm64-apple-macos12 -c near.c tool.c"),
        format!(
            "{link} -dylib -install_name /opt/builder/lib/libnear.dylib -o lib/libnear.dylib near.o"
        ),
        format!("{link} -rpath /opt/builder/lib -o bin/tool tool.o lib/libnear.dylib"),
    ] {
        sandbox.sh(&format!("cd ../build && {line}")).works();
    }
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    sandbox.switch();
    let program = fs::canonicalize(bin(&sandbox.home()).join("tool")).unwrap();
    let library = program.parent().unwrap().join("../lib/libnear.dylib");
    let read = sandbox
        .sh(&format!("{otool} -l {}", program.display()))
        .works();
    assert!(
        read.stdout.contains("@loader_path/../lib/libnear.dylib"),
        "{read}"
    );
    assert!(read.stdout.contains("path @loader_path/../lib "), "{read}");
    assert!(!read.stdout.contains("/opt/builder"), "{read}");
    let read = sandbox
        .sh(&format!("{otool} -D {}", library.display()))
        .works();
    assert!(read.stdout.contains("@loader_path/libnear.dylib"), "{read}");
    for path in [program, library] {
        let bytes = fs::read(path).unwrap();
        assert!(is_signed_well(&bytes));
    }
}

/// Whether the digests of all pages are true, by another reading than the one that made them.
fn is_signed_well(bytes: &[u8]) -> bool {
    let big = |at: usize| {
        let four = bytes[at..at + 4].try_into().unwrap();
        u32::from_be_bytes(four) as usize
    };
    let mark = 0xfade_0c02_u32.to_be_bytes();
    let table = bytes.windows(4).rposition(|four| four == mark);
    let Some(table) = table else {
        return false;
    };
    let (digests, count, limit) = (big(table + 16), big(table + 28), big(table + 32));
    let page = 1 << bytes[table + 39];
    let pages: Vec<&[u8]> = bytes[..limit].chunks(page).collect();
    let is_true = |(index, page): (usize, &&[u8])| {
        let at = table + digests + index * 32;
        let hex = super::super::pypi::sha256(page);
        let said: String = bytes[at..at + 32]
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        hex == said
    };
    pages.len() == count && pages.iter().enumerate().all(is_true)
}
