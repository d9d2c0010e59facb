//! Tables of up to 128 different entries by the 16-entry byte shuffles of AVX2.
//!
//! Part k of a table holds `entry[16k+i] ^ entry[16(k-1)+i]` and is asked with `index - 16 k`, which the shuffle answers with 0 while it is
//! negative: the XOR of all answers is the entry. A read-out clips, so the entries at either end of its table are one and the same:
//! [`Span`] keeps one of them, which an index beyond it is taken for. Not responsible for what entries are.

use std::arch::x86_64::*;

/// Entries of a part.
pub const ENTRIES: usize = 16;
/// Parts of the largest table.
pub const MOST: usize = 8;

/// One byte of sixteen entries.
pub type Part = [u8; ENTRIES];

/// The entries of a table without those at its ends that are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    first: u8,
    last: u8,
}

impl Span {
    /// Of a table of `count` entries; `None` if indices do not fit into a byte, or more entries are left than are shuffled.
    pub fn new(count: usize, is_same: impl Fn(usize, usize) -> bool) -> Option<Self> {
        let end = count.checked_sub(1)?;
        let like_first = (1..=end).take_while(|&at| is_same(at, 0));
        let first = like_first.count();
        let like_last = (first..end).rev().take_while(|&at| is_same(at, end));
        let last = end - like_last.count();
        let span = Span {
            first: u8::try_from(first).ok()?,
            last: u8::try_from(last).ok()?,
        };
        (end < 256 && span.parts() <= MOST).then_some(span)
    }

    /// Parts of the table: 1, 2, 4 or 8.
    pub fn parts(self) -> usize {
        let entries = usize::from(self.last - self.first) + 1;
        entries.div_ceil(ENTRIES).next_power_of_two()
    }

    /// Part `part` of a table of entries of `BYTES` bytes.
    pub fn part<const BYTES: usize>(
        self,
        part: usize,
        entry: impl Fn(usize) -> [u8; BYTES],
    ) -> [Part; BYTES] {
        let entry = |at: usize| entry((usize::from(self.first) + at).min(self.last.into()));
        let byte = |byte: usize, at: usize| {
            let before = at.checked_sub(ENTRIES);
            entry(at)[byte] ^ before.map_or(0, |at| entry(at)[byte])
        };
        std::array::from_fn(|b| std::array::from_fn(|i| byte(b, part * ENTRIES + i)))
    }

    /// What each of `N` parts is asked for indices into the whole table.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn asked<const N: usize>(self, index: __m256i) -> [__m256i; N] {
        let (first, most) = (self.first as i8, (self.last - self.first) as i8);
        let index = _mm256_subs_epu8(index, _mm256_set1_epi8(first));
        let index = _mm256_min_epu8(index, _mm256_set1_epi8(most));
        std::array::from_fn(|part| _mm256_sub_epi8(index, _mm256_set1_epi8((part * ENTRIES) as i8)))
    }
}

/// A part in both halves of a register.
#[inline]
#[target_feature(enable = "avx2")]
pub fn in_register(part: Part) -> __m256i {
    _mm256_broadcastsi128_si256(bytemuck::cast(part))
}

/// The entries at what is asked.
#[inline]
#[target_feature(enable = "avx2")]
pub fn lookup<const N: usize>(parts: &[__m256i; N], asked: &[__m256i; N]) -> __m256i {
    let mut entry = _mm256_setzero_si256();
    for (&part, &asked) in parts.iter().zip(asked) {
        entry = _mm256_xor_si256(entry, _mm256_shuffle_epi8(part, asked));
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(entries: &[u8]) -> Option<(u8, u8)> {
        let span = Span::new(entries.len(), |a, b| entries[a] == entries[b]);
        span.map(|span| (span.first, span.last))
    }

    #[test]
    fn equal_ends_are_left_out() {
        assert_eq!(span(&[]), None);
        assert_eq!(span(&[7]), Some((0, 0)));
        assert_eq!(span(&[7, 7, 7]), Some((2, 2)));
        assert_eq!(span(&[0, 0, 1, 2, 2, 2]), Some((1, 3)));
        assert_eq!(span(&[1, 0, 1]), Some((0, 2)));
        let rising: Vec<u8> = (0..=255).collect();
        assert_eq!(span(&rising[..128]), Some((0, 127)));
        assert_eq!(span(&rising[..129]), None);
        let mut clipped = [40; 256];
        clipped[..100].fill(3);
        assert_eq!(span(&clipped), Some((99, 100)));
        assert_eq!(Span::new(257, |_, _| true), None);
    }

    #[test]
    fn every_index_finds_its_entry() {
        if !is_x86_feature_detected!("avx2") {
            return;
        }
        for (low, high) in [
            (0, 10),
            (5, 25),
            (100, 150),
            (90, 217),
            (0, 127),
            (255, 255),
        ] {
            let entry = |at: usize| (at.clamp(low, high) * 37 % 251) as u8;
            let span = Span::new(256, |a, b| entry(a) == entry(b)).expect("at most 128 are left");
            // SAFETY: the processor has the instructions.
            unsafe {
                match span.parts() {
                    1 => all_found::<1>(span, entry),
                    2 => all_found::<2>(span, entry),
                    4 => all_found::<4>(span, entry),
                    _ => all_found::<MOST>(span, entry),
                }
            }
        }
    }

    #[target_feature(enable = "avx2")]
    fn all_found<const N: usize>(span: Span, entry: impl Fn(usize) -> u8) {
        let part = |part| in_register(span.part(part, |at| [entry(at)])[0]);
        let parts: [__m256i; N] = std::array::from_fn(part);
        for start in (0..256).step_by(32) {
            let index: [u8; 32] = std::array::from_fn(|i| (start + i) as u8);
            let asked = span.asked(bytemuck::cast(index));
            let found: [u8; 32] = bytemuck::cast(lookup(&parts, &asked));
            assert_eq!(found, index.map(|at| entry(at.into())));
        }
    }
}
