//! Fingerprints of bytes: FNV-1a, 64 bits, as 16 hexadecimal digits (Fowler, Noll and Vo; the constants are theirs).
//!
//! They tell apart what came about differently (images, networks, training states). Nothing here resists somebody who makes
//! two files with one fingerprint on purpose.

const START: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// Fingerprint of these bytes, in this order.
pub fn fingerprint<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    format!("{:016x}", bytes.into_iter().fold(START, fold))
}

/// Fingerprint of names and their bytes, in alphabetical order of the names.
pub fn of_named(mut tensors: Vec<(&str, &[u8])>) -> String {
    tensors.sort_unstable();
    let parts = tensors.into_iter();
    fingerprint(parts.flat_map(|(name, bytes)| name.as_bytes().iter().chain(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        for (text, hash) in [
            ("", "cbf29ce484222325"),
            ("a", "af63dc4c8601ec8c"),
            ("foobar", "85944171f73967e8"),
        ] {
            assert_eq!(fingerprint(text.as_bytes()), hash);
        }
    }
}
