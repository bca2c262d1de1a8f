//! Layers laid on each other.

use serde_json::json;

use super::super::Sandbox;
use super::content::artefact;
use super::content::image;
use super::content::layer;
use super::content::script;
use super::hello_says;
use super::registry::Registry;

/// What the image of these layers becomes: its paths, and the text of each file.
fn flattened(layers: &[&[(&str, &str)]]) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let layers: Vec<Vec<u8>> = layers.iter().map(|it| layer(&sandbox, it)).collect();
    image(&registry, "tools/hello", "1", (&layers, json!({})));
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\npackages: {{hello: {{oci: \"{}\"}}}}\n",
        registry.named("tools/hello")
    ));
    sandbox.switch();
    let paths = list(&sandbox);
    (sandbox, paths)
}

/// What lies in `image` of the package's tree.
pub(super) fn list(sandbox: &Sandbox) -> Vec<String> {
    let script = "cd \"$(dirname \"$(readlink -f home/profiles/default/current/view/bin/hello)\")\"; \
         while [ ! -d usr ] && [ \"$PWD\" != / ]; do cd ..; done; \
         find . -mindepth 1 ! -type d | sed 's,^./,,' | LC_ALL=C sort | while read -r path; do \
         if [ -L \"$path\" ]; then echo \"$path -> $(readlink \"$path\")\"; \
         else echo \"$path: $(tr '\\n' ' ' < \"$path\" | sed 's/ *$//')\"; fi; done";
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn later_layers_win_and_take_away() {
    let hello = script("from the image");
    let (sandbox, paths) = flattened(&[
        &[
            ("usr/bin/hello*", &hello),
            ("etc/a", "1"),
            ("etc/b", "1"),
            ("etc/d/x", "1"),
            ("opt/old/x", "1"),
            ("opt/old/y", "1"),
            ("was-folder/x", "1"),
            ("was-file", "1"),
        ],
        &[
            ("etc/a", "2"),
            ("etc/.wh.b", ""),
            ("etc/d/.wh.x", ""),
            ("etc/d/y", "2"),
            ("opt/old/.wh..wh..opq", ""),
            ("opt/old/z", "2"),
            (".wh..wh.aufs", ""),
            ("was-folder", "2"),
            ("was-file/x", "2"),
        ],
        &[("etc/b", "3"), (".wh.was-folder", "")],
    ]);
    let hello = format!("usr/bin/hello: {}", hello.replace('\n', " ").trim_end());
    assert_eq!(
        paths,
        [
            "etc/a: 2",
            "etc/b: 3",
            "etc/d/y: 2",
            "opt/old/z: 2",
            &hello,
            "was-file/x: 2"
        ]
    );
    hello_says(&sandbox, "from the image");
    // Nothing of the image itself is in the way of other packages.
    assert!(!sandbox.exists("home/profiles/default/current/view/etc"));
}

#[test]
fn links_stay_inside_the_image() {
    let (_sandbox, paths) = flattened(&[
        &[
            ("usr/bin/hello*", "#!/bin/sh\n"),
            ("usr/lib/x", "1"),
            ("lib -> usr/lib", ""),
            ("etc/mtab -> /proc/mounts", ""),
            ("usr/share/a/b -> ../../../../../x", ""),
            ("usr/copy = usr/lib/x", ""),
        ],
        &[("etc/top -> /", "")],
    ]);
    assert_eq!(
        paths,
        [
            "etc/mtab -> ../proc/mounts",
            "etc/top -> ..",
            "lib -> usr/lib",
            "usr/bin/hello: #!/bin/sh",
            "usr/copy: 1",
            "usr/lib/x: 1",
            "usr/share/a/b -> ../../../x",
        ]
    );
}

#[test]
fn a_program_is_found_behind_links_and_where_images_have_them() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let layers = [layer(
        &sandbox,
        &[
            ("usr/bin/hello-1*", &script("linked")),
            ("usr/bin/hello -> /etc/alternatives/hello", ""),
            ("etc/alternatives/hello -> /usr/bin/hello-1", ""),
            ("usr/local/bin/other*", &script("other")),
            ("bin -> usr/bin", ""),
        ],
    )];
    let more = json!({"config": {"Cmd": ["hello"]}});
    image(&registry, "tools/hello", "1", (&layers, more));
    let manifest = |bin: &str| {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux]\npackages: {{hello: {{oci: \"{}\"{bin}}}}}\n",
            registry.named("tools/hello")
        ));
    };
    manifest("");
    sandbox.switch();
    hello_says(&sandbox, "linked");
    manifest(", bin: [other, image/usr/bin/hello-1]");
    sandbox.switch();
    sandbox
        .sh("eval \"$(dgmo env)\"; other; hello-1")
        .works()
        .says("other")
        .says("linked");
    manifest(", bin: [nobody]");
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("has no program `nobody`");
}

#[test]
fn what_a_program_looks_for_in_its_image_is_told() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let layers = [layer(
        &sandbox,
        &[
            (
                "usr/bin/hello*",
                "#!/bin/sh\ncat /usr/share/hello/words /usr/share/others /etc/hosts\n",
            ),
            (
                "usr/bin/unseen*",
                "#!/bin/sh\ncat /usr/share/unseen/words\n",
            ),
            ("usr/share/hello/words", "words"),
            ("usr/share/unseen/words", "words"),
            ("etc/hosts", ""),
        ],
    )];
    let more = json!({"config": {"Cmd": ["hello"]}});
    image(&registry, "tools/hello", "1", (&layers, more));
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\npackages: {{hello: {{oci: \"{}\"}}}}\n",
        registry.named("tools/hello")
    ));
    sandbox
        .switch()
        .says("`usr/bin/hello` looks for `/usr/share/hello/words`, which the package has as")
        .says_nothing_of("unseen")
        .says_nothing_of("more place");
}

#[test]
fn links_that_only_layers_together_make_leave_are_refused() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let below = layer(
        &sandbox,
        &[
            ("usr/bin/hello*", "#!/bin/sh\n"),
            ("a/d -> ../t", ""),
            ("t/x", ""),
        ],
    );
    let above = layer(&sandbox, &[("a/b/e -> ../d/../../x", "")]);
    image(&registry, "tools/hello", "1", (&[below, above], json!({})));
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\npackages: {{hello: {{oci: \"{}\"}}}}\n",
        registry.named("tools/hello")
    ));
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("leads out of the tree");
}

#[test]
fn the_files_of_an_artefact_lie_where_their_names_say() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let program = script("a folder");
    let folder = layer(
        &sandbox,
        &[("tool/bin/hello*", &program), ("tool/share/x", "1")],
    );
    let files: &[(&str, &str, &[u8])] = &[(
        "tool/",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        &folder,
    )];
    artefact(&registry, "tools/hello", "1", files);
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, "a folder");
    assert!(sandbox.exists("home/profiles/default/current/view/share/x"));

    let program = script("files");
    let files: &[(&str, &str, &[u8])] = &[
        ("bin/hello", "text/x-sh", program.as_bytes()),
        ("share/doc/x.tar.gz", "text/plain", b"no archive"),
        ("LICENSE", "text/plain", b"free"),
    ];
    artefact(&registry, "tools/hello", "2", files);
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "files");
    assert_eq!(
        sandbox.read("home/profiles/default/current/view/share/doc/x.tar.gz"),
        "no archive"
    );

    // One file that is an archive, as releases have it, and a program that is called after its machine.
    let archive = layer(&sandbox, &[("hello-3/hello*", &script("an archive"))]);
    artefact(
        &registry,
        "tools/hello",
        "3",
        &[("hello-3.tar.gz", "application/gzip", &archive)],
    );
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "an archive");
    let program = script("decorated");
    artefact(
        &registry,
        "tools/hello",
        "4",
        &[("hello_linux_amd64", "a/b", program.as_bytes())],
    );
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "decorated");
}
