//! What programs and scripts look for in the folder a package was built for, and texts that say where it is.

use std::fs;
use std::process::Command;

use super::Sandbox;
use super::archive;
use super::bin;
use super::compile;
use super::says;
use super::switched;

const READER: &str = r#"
#include <stdio.h>
int main(void) {
    FILE *file = fopen("/opt/builder/share/tool/greeting", "r");
    fopen("/opt/builder/share/other/greeting", "r");
    fopen("/etc/hosts", "r");
    return file ? 0 : 3;
}
"#;

#[test]
fn a_place_that_a_program_has_by_heart_is_told() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.root().join("build/bin")).unwrap();
    sandbox.write("build/reader.c", READER);
    // With all that tells where it was compiled.
    if !compile(&sandbox, &["cc -g -o bin/reader reader.c"]) {
        return;
    }
    sandbox.write("build/share/tool/others", "hello\n");
    let switch = || {
        sandbox
            .sh("tar -czf ../tool.tar.gz -C ../build bin share reader.c")
            .works();
        let url = format!("file://{}", sandbox.root().join("tool.tar.gz").display());
        sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
        sandbox.dgmo("update").works()
    };
    sandbox
        .sh("mv ../build/share/tool ../build/share/tools")
        .works();
    switch().says_nothing_of("looks for");
    // Now the package has what the program would open.
    sandbox.write("build/share/tool/greeting", "hello\n");
    switch()
        .says("`bin/reader` looks for `/opt/builder/share/tool/greeting`, which the package has as `share/tool/greeting`")
        .says_nothing_of("/etc/hosts")
        .says_nothing_of("share/other")
        .says_nothing_of("reader.c");
    // Once is enough.
    sandbox.switch().says_nothing_of("looks for");
}

#[test]
fn scripts_and_texts_find_their_package() {
    let sandbox = Sandbox::new();
    sandbox.program(
        "build/bin/tool-config",
        "#!/bin/sh\nprefix=/opt/builder\nexec_prefix=/opt/builder\nlibdir=${exec_prefix}/lib\n[ \"$1\" = --prefix ] && echo \"$prefix\"\n[ \"$1\" = --libs ] && ls \"$libdir\"\nexit 0\n",
    );
    sandbox.program(
        "build/bin/tool",
        "#!/bin/sh\nDATA=/opt/builder/lib/tool\n. \"$DATA/words\"\necho \"$WORD\"\n",
    );
    sandbox.program(
        "build/bin/helper",
        "#!/bin/sh\nexec cat /opt/builder/lib/tool/words\n",
    );
    sandbox.write("build/lib/tool/words", "WORD=found\n");
    sandbox.write(
        "build/lib/cmake/Tool/ToolConfig.cmake",
        "set(Tool_PREFIX \"/opt/builder\")\nset(Tool_WORDS \"/opt/builder/lib/tool/words\")\n",
    );
    let told = switched(&sandbox);
    told.says("3 files named the place it was built for")
        .says("`bin/helper` looks for `/opt/builder/lib/tool/words`");
    let sh = |line: &str| {
        let line = format!("eval \"$(dgmo env)\"; {line}");
        sandbox.sh(&line).works().stdout.clone()
    };
    assert_eq!(sh("tool"), "found\n");
    let tree = fs::canonicalize(bin(&sandbox.home()).join("tool")).unwrap();
    let tree = tree.parent().unwrap().parent().unwrap();
    assert_eq!(sh("tool-config --prefix").trim(), tree.to_str().unwrap());
    assert_eq!(sh("tool-config --libs"), "cmake\ntool\n");
    let file = tree.join("lib/cmake/Tool/ToolConfig.cmake");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("set(Tool_PREFIX \"${CMAKE_CURRENT_LIST_DIR}/../../..\")"),
        "{text}"
    );
    sandbox.write(
        "work/check.cmake",
        format!(
            "include(\"{}\")\nfile(READ \"${{Tool_WORDS}}\" WORDS)\nmessage(\"${{WORDS}}\")\n",
            file.display()
        ),
    );
    if let Some(text) = says(&sandbox, "cmake -P check.cmake") {
        assert!(text.contains("WORD=found"), "{text}");
    }
}

#[test]
fn a_python_tells_whoever_compiles_where_it_is() {
    let sandbox = Sandbox::new();
    let name = "_sysconfigdata__linux_x86_64-linux-gnu.py";
    sandbox.write(
        format!("build/lib/python3.12/{name}"),
        "build_time_vars = {'LIBDIR': '/install/lib',\n 'CFLAGS': '-I/install/include -O2',\n 'installed': '/installed/x',\n 'N': 7,\n 'prefix': '/install'}\n",
    );
    sandbox.program("build/bin/python3.12", "#!/bin/sh\n");
    switched(&sandbox).says("1 file named the place it was built for");
    let tree = fs::canonicalize(bin(&sandbox.home()).join("python3.12")).unwrap();
    let tree = tree.parent().unwrap().parent().unwrap();
    let program = "import runpy, sys\nsys.base_prefix = '/here'\nfor name, value in runpy.run_path(sys.argv[1])['build_time_vars'].items(): print(name, value)";
    let Ok(output) = Command::new("python3")
        .args(["-B", "-c", program])
        .arg(tree.join("lib/python3.12").join(name))
        .output()
    else {
        println!("skipped: there is no Python on this machine");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "LIBDIR /here/lib\nCFLAGS -I/here/include -O2\ninstalled /installed/x\nN 7\nprefix /here\n"
    );
}

#[test]
fn a_program_of_32_bits_is_changed_like_others() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.root().join("build/bin")).unwrap();
    fs::create_dir_all(sandbox.root().join("build/lib")).unwrap();
    sandbox.write("build/small.c", "void _start(void) { for (;;); }\n");
    sandbox.write("build/part.c", "int part = 7;\n");
    let is_for_small = Command::new("cc")
        .args([
            "-m32",
            "-nostdlib",
            "-shared",
            "-fPIC",
            "-o",
            "lib/libpart.so",
            "part.c",
        ])
        .current_dir(sandbox.root().join("build"))
        .output()
        .is_ok_and(|output| output.status.success());
    if !is_for_small {
        println!("skipped: the C compiler of this machine makes no programs of 32 bits");
        return;
    }
    let line = "cc -m32 -nostdlib -fPIE -pie -o bin/small small.c -Llib -Wl,--no-as-needed -lpart \
                -Wl,--enable-new-dtags,-rpath,/opt/builder/lib \
                -Wl,-dynamic-linker,/opt/somebody/ld-linux.so.2";
    compile(&sandbox, &[line]);
    sandbox.sh("rm ../build/*.c").works();
    archive(&sandbox);
    switched(&sandbox).says("1 file named the place it was built for");
    let small = fs::canonicalize(bin(&sandbox.home()).join("small")).unwrap();
    let small = small.display();
    for (line, words) in [
        (format!("readelf -dW {small}"), "runpath: [$ORIGIN/../lib]"),
        (
            format!("readelf -lW {small}"),
            "interpreter: /lib/ld-linux.so.2]",
        ),
        (format!("patchelf --print-rpath {small}"), "$ORIGIN/../lib"),
    ] {
        if let Some(text) = says(&sandbox, &line) {
            assert!(text.contains(words) && !text.contains("Warning"), "{text}");
        }
    }
}
