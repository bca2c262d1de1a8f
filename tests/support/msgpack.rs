//! `MessagePack` written by another's hand, as those who make channels of conda's do: digests are bytes in it.

use rmp::encode;
use rmp::encode::buffer::ByteBuf;
use serde_json::Value;

/// Writes what JSON says.
pub(crate) fn packed(value: &Value) -> Vec<u8> {
    let mut buffer = ByteBuf::new();
    put(&mut buffer, value);
    buffer.into_vec()
}

fn put(to: &mut ByteBuf, value: &Value) {
    let count = |length: usize| u32::try_from(length).unwrap();
    match value {
        Value::Null => encode::write_nil(to).unwrap(),
        Value::Bool(it) => encode::write_bool(to, *it).unwrap(),
        Value::Number(it) => match (it.as_u64(), it.as_i64()) {
            (Some(it), _) => drop(encode::write_uint(to, it).unwrap()),
            (_, Some(it)) => drop(encode::write_sint(to, it).unwrap()),
            _ => encode::write_f64(to, it.as_f64().unwrap()).unwrap(),
        },
        Value::String(it) => encode::write_str(to, it).unwrap(),
        Value::Array(all) => {
            encode::write_array_len(to, count(all.len())).unwrap();
            for it in all {
                put(to, it);
            }
        }
        Value::Object(all) => {
            encode::write_map_len(to, count(all.len())).unwrap();
            for (key, value) in all {
                encode::write_str(to, key).unwrap();
                match value {
                    Value::String(hex) if key == "sha256" || key == "md5" => {
                        encode::write_bin(to, &bytes(hex)).unwrap();
                    }
                    value => put(to, value),
                }
            }
        }
    }
}

/// What hexadecimal digits stand for.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// The index of shards: of each package its shard's digest, as bytes.
pub(crate) fn index(info: &Value, shards: &[(&str, &str)]) -> Vec<u8> {
    let mut buffer = ByteBuf::new();
    encode::write_map_len(&mut buffer, 4).unwrap();
    for (key, value) in [
        ("version", 1.into()),
        ("info", info.clone()),
        ("removed", Value::Array(Vec::new())),
    ] {
        encode::write_str(&mut buffer, key).unwrap();
        put(&mut buffer, &value);
    }
    encode::write_str(&mut buffer, "shards").unwrap();
    encode::write_map_len(&mut buffer, u32::try_from(shards.len()).unwrap()).unwrap();
    for (name, hex) in shards {
        encode::write_str(&mut buffer, name).unwrap();
        encode::write_bin(&mut buffer, &bytes(hex)).unwrap();
    }
    buffer.into_vec()
}
