//! Two-bit weight codes packed four to a byte: code + 2 in two bits, first code in the lowest bits, so 0 is unused.
//!
//! Not responsible for wider codes, which are stored as signed bytes.

/// Packs codes -1, 0, 1.
pub fn pack(codes: &[i8]) -> Vec<u8> {
    let byte = |four: &[i8]| {
        four.iter().enumerate().fold(0, |byte, (k, &code)| {
            byte | (((code + 2) as u8 & 3) << (2 * k))
        })
    };
    codes.chunks(4).map(byte).collect()
}

/// Unpacks `count` codes; `None` if the bytes are too few or hold the unused pattern.
pub fn unpack(bytes: &[u8], count: usize) -> Option<Vec<i8>> {
    if bytes.len() != count.div_ceil(4) {
        return None;
    }
    let code = |k: usize| match (bytes[k / 4] >> (2 * (k % 4))) & 3 {
        0 => None,
        two_bits => Some(two_bits as i8 - 2),
    };
    (0..count).map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_round_trips_and_refuses_garbage() {
        let codes = [-1, 0, 1, 1, 0, -1, -1];
        assert_eq!(pack(&codes).len(), 2);
        assert_eq!(unpack(&pack(&codes), 7).as_deref(), Some(&codes[..]));
        assert_eq!(unpack(&[0], 3), None);
        assert_eq!(unpack(&[0xFF], 5), None);
    }
}
