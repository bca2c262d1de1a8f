//! Who is told who asks: by name and password, by token, by a program that keeps both.

use super::super::Sandbox;
use super::hello_says;
use super::registry;
use super::registry::Registry;
use super::registry::Wants;

/// `me:secret`, as `Authorization` and as `auth` have it.
const PAIR: &str = "bWU6c2VjcmV0";

fn log_in(sandbox: &Sandbox, registry: &Registry, what: &str) {
    sandbox.write(
        "user/.docker/config.json",
        format!(
            "{{\"auths\": {{\"127.0.0.1:{}\": {what}}}}}",
            registry.port()
        ),
    );
}

fn auth(sandbox: &Sandbox, registry: &Registry) {
    log_in(sandbox, registry, &format!("{{\"auth\": \"{PAIR}\"}}"));
}

#[test]
fn a_name_and_a_password_are_told_to_who_asks_for_them() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| state.wants = Wants::Basic(format!("Basic {PAIR}")));
    registry.manifest_of(&sandbox, "");
    let ran = sandbox.dgmo("switch").exits(1);
    ran.says("is not there, or not for us")
        .says("docker login 127.0.0.1:");
    auth(&sandbox, &registry);
    registry.asked();
    sandbox.switch();
    hello_says(&sandbox, "1.0.0");
    let asked = registry.asked();
    // Once when it is locked, and once when it is fetched.
    let unasked = asked.iter().filter(|(_, who)| who.is_none());
    assert_eq!(unasked.count(), 2, "{asked:?}");
    // Nothing of it is kept anywhere.
    assert!(!sandbox.read("work/dgmo.lock").contains("secret"));
    let found = sandbox
        .sh("cd ..; grep -r -l -e secret -e bWU6 home work; true")
        .works();
    found.says_nothing_of("home/").says_nothing_of("work/");
}

#[test]
fn a_token_is_got_where_the_registry_says_and_got_anew_when_it_is_over() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| {
        state.wants = Wants::Token(String::new());
        state.uses = Some(1);
    });
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, "1.0.0");
    let asked = registry.asked();
    let tokens: Vec<_> = asked
        .iter()
        .filter(|(path, _)| path.starts_with("/token"))
        .collect();
    assert!(tokens.len() >= 3, "{asked:?}");
    assert_eq!(
        tokens[0],
        &(
            "/token?service=the%20service&scope=repository%3Atools%2Fhello%3Apull".to_owned(),
            None
        )
    );
    // With a name it is told there, and only there.
    let other = Sandbox::new();
    auth(&other, &registry);
    registry.change(|state| {
        state.wants = Wants::Token(format!("Basic {PAIR}"));
        state.uses = None;
    });
    registry.manifest_of(&other, "");
    other.switch();
    let asked = registry.asked();
    let named: Vec<_> = asked
        .iter()
        .filter(|(_, who)| who.as_deref().is_some_and(|who| who.starts_with("Basic")))
        .collect();
    assert_eq!(named.len(), 2, "{asked:?}");
    assert!(
        named.iter().all(|(path, _)| path.starts_with("/token")),
        "{asked:?}"
    );
}

#[test]
fn who_asks_is_not_told_to_the_server_of_the_blobs() {
    let sandbox = Sandbox::new();
    let (registry, blobs) = (registry(&["1.0.0"]), registry(&["1.0.0"]));
    registry.change(|state| {
        state.wants = Wants::Token(String::new());
        state.blobs_at = Some(blobs.port());
    });
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, "1.0.0");
    let asked = blobs.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|(_, who)| who.is_none()),
        "{asked:?}"
    );
}

#[test]
fn a_program_that_keeps_passwords_is_asked() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| state.wants = Wants::Basic(format!("Basic {PAIR}")));
    registry.manifest_of(&sandbox, "");
    sandbox.write("elsewhere/config.json", "{\"credsStore\": \"ours\"}");
    let search = format!("{}/programs:/usr/bin:/bin", sandbox.root().display());
    let elsewhere = sandbox.root().join("elsewhere").display().to_string();
    let env = [("PATH", search.as_str()), ("DOCKER_CONFIG", &elsewhere)];
    sandbox
        .run_with(&["switch"], &env)
        .exits(1)
        .says("`docker-credential-ours` cannot be asked");
    sandbox.program(
        "programs/docker-credential-ours",
        "#!/bin/sh\nread server\n[ \"$1\" = get ] || exit 1\n\
         case $server in 127.0.0.1:*) echo '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"secret\"}';;\n\
         *) echo 'credentials not found in native keychain'; exit 1;; esac\n",
    );
    sandbox.run_with(&["switch"], &env).works();
    hello_says(&sandbox, "1.0.0");
}

#[test]
fn an_identity_is_changed_for_a_token() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| state.wants = Wants::Token("refresh_token=idid".to_owned()));
    registry.manifest_of(&sandbox, "");
    sandbox.write(
        "user/auth.json",
        format!(
            "{{\"auths\": {{\"127.0.0.1:{}/tools\": {{\"identitytoken\": \"idid\"}}}}}}",
            registry.port()
        ),
    );
    let file = sandbox.user().join("auth.json").display().to_string();
    sandbox
        .run_with(&["switch"], &[("REGISTRY_AUTH_FILE", &file)])
        .works();
    hello_says(&sandbox, "1.0.0");
    let asked = registry.asked();
    assert!(
        asked
            .iter()
            .any(|(path, _)| path.contains("grant_type=refresh_token")),
        "{asked:?}"
    );
}

#[test]
fn a_server_of_tokens_that_gives_none_is_told() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.manifest_of(&sandbox, "");
    for realm in ["", "file:///etc/passwd", "nowhere"] {
        registry.change(|state| state.wants = Wants::TokenAt(realm.to_owned()));
        sandbox
            .dgmo("switch")
            .exits(1)
            .says("not for us")
            .says("where tokens are");
    }
}
