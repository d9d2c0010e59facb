//! Files that are damaged or lie: each is refused by name, and none panics.

use super::small;
use super::support::Scratch;
use imcsim::net::network::Weights;
use imcsim::net::recorded::{from_bytes, save, to_bytes};
use serde_json::Value;
use std::io::Write;

/// The bytes of `small` with its JSON changed; the header is rewritten to fit.
fn with_header(from: &str, to: &str) -> Vec<u8> {
    let bytes = to_bytes(&small()).expect("bytes");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    let inner = header["__metadata__"]["recorded"].as_str().expect("text");
    assert!(inner.contains(from), "{from} in {inner}");
    header["__metadata__"]["recorded"] = Value::String(inner.replacen(from, to, 1));
    framed(&header, &bytes[8 + length..])
}

fn framed(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = serde_json::to_vec(header).expect("JSON");
    let mut all = (header.len() as u64).to_le_bytes().to_vec();
    all.extend(header);
    all.extend(data);
    all
}

#[test]
fn hostile_headers_are_refused_by_name() {
    for (from, to, expected) in [
        (
            "imcsim-recorded-1",
            "imcsim-recorded-9",
            "imcsim-recorded-9",
        ),
        ("\"name\":\"full\"", "\"name\":\"conv\"", "two layers"),
        ("\"name\":\"full\"", "\"name\":\"fc\"", "fc.weights"),
        (
            "\"name\":\"full\"",
            "\"name\":\"fu\\nll\"",
            "control characters",
        ),
        ("\"name\":\"full\"", "\"name\":\"\"", "1 to 1000 characters"),
        ("\"height\":4", "\"height\":0", "height 0"),
        ("\"height\":4", "\"height\":99999999", "height 99999999"),
        ("\"height\":4", "\"height\":-1", "invalid value"),
        ("\"height\":4", "\"height\":5", "conv.inputs"),
        ("\"channels\":2", "\"channels\":262144", "conv"),
        (
            "\"channels\":2",
            "\"channels\":18446744073709551615",
            "channels",
        ),
        ("\"kernel\":3", "\"kernel\":0", "kernel 0"),
        ("\"kernel\":3", "\"kernel\":4096", "kernel 4096"),
        ("\"padding\":1", "\"padding\":3", "padding 3"),
        ("\"stride\":1", "\"stride\":0", "stride 0"),
        ("\"stride\":1", "\"stride\":6", "stride 6"),
        ("\"weight_bits\":2", "\"weight_bits\":1", "weight_bits 1"),
        ("\"weight_bits\":2", "\"weight_bits\":40", "weight_bits 40"),
        ("\"weight_bits\":3", "\"weight_bits\":2", "full.weights"),
        ("\"input_bits\":2", "\"input_bits\":0", "input_bits 0"),
        ("\"input_bits\":2", "\"input_bits\":9", "input_bits 9"),
        ("\"input_bits\":2", "\"input_bits\":1", "conv.inputs"),
        (
            "\"activation_bits\":2",
            "\"activation_bits\":77",
            "activation_bits 77",
        ),
        ("\"pool\":2", "\"pool\":4", "pool 4"),
        ("\"linear\":false", "\"linear\":true", "fully connected"),
        ("\"images\":[0,1,2]", "\"images\":[0,1]", "conv.inputs"),
        ("\"images\":[0,1,2]", "\"images\":[]", "number of images 0"),
        ("\"linear\":false", "\"linear\":false,\"extra\":1", "extra"),
        ("\"network\":\"net\"", "\"network\":\"\"", "network"),
        ("{\"format\"", "{{\"format\"", "metadata"),
    ] {
        let error = from_bytes(&with_header(from, to), "x.safetensors").expect_err(to);
        let error = error.to_string();
        assert!(error.starts_with("trace x.safetensors: "), "{error}");
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

#[test]
fn sums_too_large_for_the_simulator_are_refused() {
    let mut recorded = small();
    let layer = &mut recorded.layers[1];
    layer.layer.geometry.input.channels = 1024;
    layer.layer.weights = Weights::Macro { bits: 8 };
    layer.input_bits = 8;
    layer.weights = vec![0; 4 * 1024];
    layer.inputs = vec![0; 3 * 1024];
    // 1024 * 127 * 255 is twice 2^24.
    let error = from_bytes(&to_bytes(&recorded).expect("bytes"), "x").expect_err("too large");
    assert!(error.to_string().contains("33162240"), "{error}");
}

#[test]
fn damaged_tensors_are_refused() {
    let refused = |bytes: &[u8], expected: &str| {
        let error = from_bytes(bytes, "x").expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    };
    let mut recorded = small();
    recorded.layers[0].weights[4] = -2;
    refused(
        &to_bytes(&recorded).expect("bytes"),
        "conv.weights` holds the code -2",
    );
    let mut recorded = small();
    recorded.layers[1].inputs[4] = 8;
    refused(
        &to_bytes(&recorded).expect("bytes"),
        "full.inputs` holds the code 8",
    );
    // A tensor under another name, of another type, and one too many.
    let bytes = to_bytes(&small()).expect("bytes");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    let data = &bytes[8 + length..];
    let mut other = header.clone();
    other["conv.weights"]["dtype"] = "U8".into();
    refused(&framed(&other, data), "conv.weights` is U8");
    let mut other = header.clone();
    let moved = other["full.inputs"].take();
    other.as_object_mut().expect("object").remove("full.inputs");
    other["stranger"] = moved;
    refused(&framed(&other, data), "full.inputs` is missing");
    let mut other = header.clone();
    let end = data.len();
    other["stranger"] =
        serde_json::json!({"dtype": "U8", "shape": [1], "data_offsets": [end, end + 1]});
    let mut longer = data.to_vec();
    longer.push(0);
    refused(&framed(&other, &longer), "5 tensors");
    let mut other = header;
    other["__metadata__"] = serde_json::json!({"format": "imcsim-deployed-1"});
    refused(&framed(&other, data), "imcsim record");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let mut recorded = small();
    recorded.layers[0].layer.name = "x".repeat(2000);
    let folder = Scratch::new();
    let path = folder.at("a.safetensors");
    let error = save(&recorded, &path).expect_err("too long a name");
    assert!(error.to_string().contains("found 2000"), "{error}");
    assert!(!path.exists());
}

#[test]
fn truncated_files_are_errors_and_never_a_panic() {
    let bytes = to_bytes(&small()).expect("bytes");
    for length in 0..bytes.len() {
        assert!(
            from_bytes(&bytes[..length], "x").is_err(),
            "cut at {length}"
        );
    }
    let mut hostile = bytes.clone();
    hostile[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(from_bytes(&hostile, "x").is_err());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes).expect("memory");
    let packed = packed.finish().expect("memory");
    assert!(from_bytes(&packed, "x").is_ok());
    for length in [2, 10, packed.len() / 2, packed.len() - 1] {
        assert!(
            from_bytes(&packed[..length], "x").is_err(),
            "cut at {length}"
        );
    }
    // Every byte of the header turned into others: refused or read, never a panic.
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    for at in 0..header {
        for flip in [0x01, 0x08, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let _ = from_bytes(&damaged, "x");
        }
    }
}
