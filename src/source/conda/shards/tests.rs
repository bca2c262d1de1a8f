//! What shards promise: that they say the same as one list would.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::super::pypi::Index as Server;
use super::super::index::Index;
use super::super::merged;
use super::super::writing;
use super::super::writing::packed;
use super::*;

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn channel(mirrors: &[&str]) -> Channel {
    let mirrors: Vec<String> = mirrors.iter().map(|it| (*it).to_owned()).collect();
    Channel {
        name: "lab".to_owned(),
        server: Server::new("https://me:s3cret@conda.example.org/t/lab", &mirrors),
    }
}

fn index(info: &Value) -> Vec<u8> {
    zst(&writing::index(info, &[("a", &"ab".repeat(32)), ("b", "")]))
}

/// Where the shard of `a` is asked for, and the package `f` of the folder.
fn asked(info: &Value, mirrors: &[&str]) -> Result<(Request, Request), String> {
    let shards = Shards::read(&channel(mirrors), "noarch", &index(info))?.unwrap();
    let hex = shards.digests["a"].clone().unwrap();
    let digest = format!("sha256:{hex}").parse().unwrap();
    let beside = Request::new(
        "f",
        "https://conda.example.org/t/lab/noarch/f",
        Expected::default(),
    );
    Ok((shards.request("a", &hex, digest), shards.lead(beside, "f")))
}

#[test]
fn shards_and_packages_are_where_the_index_says() {
    let hex = "ab".repeat(32);
    for (shards, packages, (shard, package)) in [
        ("", "", ("https://conda.example.org/t/lab/noarch/", None)),
        (
            "./s/",
            ".",
            ("https://conda.example.org/t/lab/noarch/s/", None),
        ),
        (
            "s",
            "./",
            ("https://conda.example.org/t/lab/noarch/s/", None),
        ),
        (
            "/s/",
            "../p",
            (
                "https://conda.example.org/s/",
                Some("https://conda.example.org/t/lab/p/f"),
            ),
        ),
        (
            "//c.example.org/s",
            "https://p.example.org/",
            ("https://c.example.org/s/", Some("https://p.example.org/f")),
        ),
    ] {
        let info = json!({"subdir": "noarch", "base_url": packages, "shards_base_url": shards});
        let (asked, led) = asked(&info, &["https://m.example.org/lab"]).unwrap();
        assert_eq!(asked.url, format!("{shard}{hex}"));
        let own = "https://conda.example.org/t/lab/noarch/f";
        assert_eq!(led.url, package.unwrap_or(own));
        assert_eq!(
            led.mirrors,
            if package.is_some() {
                vec![own]
            } else {
                Vec::new()
            }
        );
        // Who asks is told to the server of the channel only.
        let is_own = shard.starts_with("https://conda.example.org");
        assert_eq!(
            asked.headers.for_its_own().count(),
            usize::from(is_own),
            "{shard}"
        );
        let of_mirrors = match shards {
            "//c.example.org/s" => Vec::new(),
            "/s/" => vec![format!("https://m.example.org/s/{hex}")],
            _ => vec![asked.url.replace("conda.example.org/t/", "m.example.org/")],
        };
        assert_eq!(asked.mirrors, of_mirrors, "{shards}");
    }
    for (key, location) in [
        ("base_url", "http://conda.example.org/"),
        ("shards_base_url", "ftp://x/"),
    ] {
        assert!(asked(&json!({key: location}), &[]).is_err(), "{location}");
    }
}

#[test]
fn what_is_no_index_is_told_and_a_later_kind_is_left_alone() {
    let later = packed(&json!({"version": 2, "info": {}, "shards": {}}));
    let read = |bytes: &[u8]| Shards::read(&channel(&[]), "noarch", bytes);
    assert!(read(&zst(&later)).unwrap().is_none());
    for bytes in [
        b"<html>".to_vec(),
        zst(b"<html>"),
        zst(b""),
        zst(&later)[..9].to_vec(),
        zst(&packed(&json!({"info": {}}))),
        zst(&packed(&json!({"info": 1, "shards": {}}))),
        zst(&packed(&json!({"info": {}, "shards": {"a": 1}}))),
    ] {
        assert!(read(&bytes).is_err(), "{bytes:?}");
    }
    let bomb = zst(&vec![0x91; usize::try_from(LARGEST_PLAIN).unwrap() + 1]);
    assert!(read(&bomb).unwrap_err().contains("more than"));
}

#[test]
fn what_is_no_shard_is_told() {
    let whole = zst(&packed(&json!({"packages": {}, "packages.conda": {}})));
    assert!(records("a", &whole).unwrap().is_empty());
    for bytes in [
        whole[..whole.len() - 1].to_vec(),
        zst(b""),
        zst(&packed(&json!({"removed": []}))),
        zst(&packed(&json!({"packages": {"a-1-0.conda": {}}}))),
        zst(&packed(&json!({"packages": []}))),
    ] {
        assert!(records("a", &bytes).is_err(), "{bytes:?}");
    }
}

/// The files of a channel, and what is said of each.
fn builds() -> impl Strategy<Value = Map<String, Value>> {
    let features = prop_oneof![Just(json!("")), Just(json!("x y")), Just(json!(["x"]))];
    let named = (
        select(vec!["a", "b", "b-c"]),
        select(vec!["1", "1.0", "2", "1!1", "1.0rc1", "?"]),
        select(vec!["0", "h_1", "py39_0"]),
        select(vec!["conda", "tar.bz2"]),
    );
    let about = (
        option::of(0..3_u64),
        vec(select(vec!["a", "b >=1", "python 3.9.*"]), 0..3),
        option::of("[0-9a-f]{64}"),
        option::of(0..100_000_000_000_000_u64),
        option::of(features),
    );
    let build = (named, about).prop_map(|((name, version, build, ending), about)| {
        let (number, depends, sha256, timestamp, features) = about;
        let mut said =
            json!({"name": name, "version": version, "build": build, "depends": depends});
        let more = [
            ("build_number", number.map(Value::from)),
            ("sha256", sha256.map(Value::from)),
            ("md5", Some(json!("00ff"))),
            ("timestamp", timestamp.map(Value::from)),
            ("track_features", features),
        ];
        for (key, value) in more {
            said[key] = value.unwrap_or_default();
        }
        (format!("{name}-{version}-{build}.{ending}"), said)
    });
    vec(build, 0..20).prop_map(|all| all.into_iter().collect())
}

fn list(builds: Map<String, Value>) -> Value {
    let is_new = |(name, _): &(String, Value)| name.strip_suffix(".conda").is_some();
    let (new, old): (Map<_, _>, Map<_, _>) = builds.into_iter().partition(is_new);
    json!({"packages": old, "packages.conda": new, "removed": ["a-0-0.conda"]})
}

proptest! {
    #[test]
    fn a_channel_says_the_same_in_both_ways(own in builds(), noarch in builds()) {
        let folder = tempfile::tempdir().unwrap();
        let mut indexes = Vec::new();
        for (place, builds) in [("noarch", &noarch), ("linux-64", &own)] {
            let text = list(builds.clone()).to_string();
            let digest = dgmo_schema::id::Digest::of(text.as_bytes());
            let path = folder.path().join(place);
            indexes.push((place, builds, Index::of(&path, digest, || Ok(text.as_bytes())).unwrap()));
        }
        for name in ["a", "b", "b-c", "c"] {
            let (mut whole, mut sharded) = (Vec::new(), Vec::new());
            for (place, builds, index) in &indexes {
                whole.push((*place, index.records(name).unwrap()));
                let all = (*builds).clone().into_iter();
                let shard: Map<_, _> = all.filter(|(_, it)| it["name"] == name).collect();
                let mut raw = records(name, &zst(&packed(&list(shard)))).unwrap();
                // Nobody promises an order.
                raw.reverse();
                sharded.push((*place, raw));
                let strange = records("other", &zst(&packed(&list((*builds).clone()))));
                prop_assert!(strange.unwrap().is_empty());
            }
            let (whole, sharded) = (merged("lab", whole), merged("lab", sharded));
            prop_assert_eq!(format!("{whole:?}"), format!("{sharded:?}"));
        }
    }
}
