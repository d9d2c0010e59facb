//! The code of one partial sum, as the table path of the kernels draws it.
//!
//! The kernels know levels, which is what accumulators need; a code is the first one worth its level. A random code needs the
//! low byte of its draw only where the high byte leaves it open, and the table says where. Not responsible for sums ([`super::codes`]).

use super::accumulate::Codes;
use crate::hw::readout::table::Decode;
use crate::kernel::stream::NoiseStream;
use crate::kernel::tables::{Grain, RandomTable};

/// Marks a high byte that leaves the code open.
const OPEN: u16 = u16::MAX;

/// Codes of all partial sums of one conversion.
#[derive(Clone, Debug)]
pub struct CodeLookup {
    s_min: i32,
    kind: Kind,
    /// What codes are worth.
    pub decode: Decode,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Code of each sum.
    Fixed(Vec<u8>),
    /// Code or [`OPEN`] by `[sum][high byte]`; where it is open the table of levels decides.
    Random {
        by_high: Vec<u16>,
        table: RandomTable,
        code_of_level: Vec<u8>,
    },
}

/// Where the noise of a row of conversions comes from: one group of one output pixel, outputs from `first_output` on.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// Random bytes of the conversion.
    pub stream: &'a NoiseStream,
    /// Image lane.
    pub lane: usize,
    /// Output pixel.
    pub pixel: u32,
    /// Group.
    pub group: u32,
    /// Output of the first sum.
    pub first_output: u32,
}

impl CodeLookup {
    /// The codes behind the levels of a table.
    pub fn new(codes: &Codes, decode: &Decode) -> Self {
        let code_of_level = code_of_level(decode);
        let code = |level: u8| code_of_level[usize::from(level)];
        let (s_min, kind) = match codes {
            Codes::NoiseFree(table) => {
                let fixed = table.levels.iter().map(|&level| code(level)).collect();
                (table.s_min, Kind::Fixed(fixed))
            }
            Codes::Random(table) => (
                table.s_min,
                Kind::Random {
                    by_high: by_high(table, &code),
                    table: table.clone(),
                    code_of_level: code_of_level.clone(),
                },
            ),
        };
        CodeLookup {
            s_min,
            kind,
            decode: decode.clone(),
        }
    }

    /// True if codes are drawn.
    pub fn is_random(&self) -> bool {
        matches!(self.kind, Kind::Random { .. })
    }

    /// Number of codes.
    pub fn codes(&self) -> usize {
        self.decode.levels.len()
    }

    /// The code of a sum if it can have no other.
    pub fn certain(&self, s: i32) -> Option<u8> {
        let index = (s - self.s_min) as usize;
        match &self.kind {
            Kind::Fixed(fixed) => Some(fixed[index]),
            Kind::Random { by_high, .. } => {
                let row = &by_high[index << 8..(index + 1) << 8];
                let only = row.iter().all(|&code| code == row[0] && code != OPEN);
                only.then_some(row[0] as u8)
            }
        }
    }

    /// Codes of neighbouring outputs; `draw` is looked at where codes are random.
    ///
    /// # Panics
    /// If there is no draw for random codes, or the slices differ in length.
    pub fn codes_of(&self, sums: &[i32], draw: Option<Draw>, codes: &mut [u8]) {
        assert_eq!(sums.len(), codes.len(), "one code per sum");
        match &self.kind {
            Kind::Fixed(fixed) => {
                for (code, &s) in codes.iter_mut().zip(sums) {
                    *code = fixed[(s - self.s_min) as usize];
                }
            }
            Kind::Random {
                by_high,
                table,
                code_of_level,
            } => {
                let draw = draw.expect("random codes have a draw");
                let place = |at: usize| (draw.first_output + at as u32, draw.pixel, draw.group);
                draw.stream.lane_bytes(place(0), (0, draw.lane), codes);
                for (at, (code, &s)) in codes.iter_mut().zip(sums).enumerate() {
                    let high = *code;
                    let found = by_high[(s - self.s_min) as usize * 256 + usize::from(high)];
                    *code = if found == OPEN {
                        let mut low = [0];
                        draw.stream.lane_bytes(place(at), (1, draw.lane), &mut low);
                        let uniform = u32::from(high) << 8 | u32::from(low[0]);
                        code_of_level[usize::from(table.level(s, uniform))]
                    } else {
                        found as u8
                    };
                }
            }
        }
    }
}

/// The first code worth each level.
fn code_of_level(decode: &Decode) -> Vec<u8> {
    let mut codes = vec![0; 256];
    for (code, &level) in decode.levels.iter().enumerate().rev() {
        codes[usize::from(level)] = code as u8;
    }
    codes
}

/// Code of each sum and high byte where the low byte does not matter: levels never rise with the uniform integer.
fn by_high(table: &RandomTable, code: &impl Fn(u8) -> u8) -> Vec<u16> {
    let sums = 0..table.base.len() as i32;
    let one = |(s, high): (i32, u32)| {
        let (first, last) = match table.grain {
            Grain::Eight => (high, high),
            Grain::Sixteen => (high << 8, high << 8 | 255),
        };
        let level = |uniform| table.level(table.s_min + s, uniform);
        match level(first) == level(last) {
            true => u16::from(code(level(first))),
            false => OPEN,
        }
    };
    sums.flat_map(|s| (0..256).map(move |high| (s, high)))
        .map(one)
        .collect()
}
