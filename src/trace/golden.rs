//! Golden vectors for a testbench of the macro in hardware: what goes onto the word lines, which codes and sums must come out.
//!
//! Tables for people (`golden_inputs.csv`, `golden_readouts.csv`) and the same in hexadecimal lines that `$readmemh` reads:
//! `inputs.mem` has one line per operation (the first row in the lowest bits), `codes.mem` one line per conversion of all
//! read-outs (read-out 0 in the lowest bits). Not responsible for the values themselves (`mapping`, `convert`).

use crate::cycle::plan::Mvm;
use crate::mapping::slot_values::SlotValues;

/// One MVM with its slots.
pub struct Vector {
    /// Name of its layer.
    pub layer: String,
    /// Which.
    pub mvm: Mvm,
    /// On which macro.
    pub macro_index: u32,
    /// What happened in it.
    pub slots: Vec<SlotValues>,
}

/// Bits of one word line and of one code, and the read-outs of a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Word lines open at once.
    pub word_lines: u32,
    /// Bits on a word line.
    pub input_bits: u32,
    /// Read-outs.
    pub readouts: u32,
    /// Bits of a code.
    pub code_bits: u32,
}

/// Files with their names.
///
/// # Errors
/// If a table cannot be encoded.
pub fn files(vectors: &[Vector], packing: Packing) -> Result<Vec<(String, Vec<u8>)>, csv::Error> {
    Ok(vec![
        ("golden_inputs.csv".into(), inputs(vectors)?),
        ("golden_readouts.csv".into(), readouts(vectors)?),
        ("inputs.mem".into(), input_memory(vectors, packing)),
        ("codes.mem".into(), code_memory(vectors, packing)),
    ])
}

fn place(vector: &Vector) -> [String; 5] {
    let mvm = vector.mvm;
    [
        vector.layer.clone(),
        mvm.image.to_string(),
        mvm.pixel.to_string(),
        mvm.tile.to_string(),
        vector.macro_index.to_string(),
    ]
}

const PLACE: [&str; 5] = ["layer", "image", "pixel", "tile", "macro"];

fn inputs(vectors: &[Vector]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let own = ["operation", "group", "read", "first_row", "inputs"];
    table.write_record(PLACE.iter().chain(&own))?;
    for vector in vectors {
        for slot in vector
            .slots
            .iter()
            .filter(|slot| slot.position_in_operation == 0)
        {
            let listed: Vec<String> = slot.inputs.iter().map(u8::to_string).collect();
            let own = [
                slot.operation.to_string(),
                slot.group.to_string(),
                slot.read.to_string(),
                slot.first_row.to_string(),
                listed.join(" "),
            ];
            table.write_record(place(vector).iter().chain(&own))?;
        }
    }
    finished(table)
}

fn readouts(vectors: &[Vector]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let own = [
        "operation",
        "conversion_of_operation",
        "group",
        "read",
        "position",
        "readout",
        "output",
        "plane",
        "sum",
        "code",
        "level",
        "factor",
        "accumulated",
    ];
    table.write_record(PLACE.iter().chain(&own))?;
    for vector in vectors {
        for slot in &vector.slots {
            for value in &slot.readouts {
                let own = [
                    slot.operation.to_string(),
                    slot.position_in_operation.to_string(),
                    slot.group.to_string(),
                    slot.read.to_string(),
                    slot.position.to_string(),
                    value.readout.to_string(),
                    value.output.to_string(),
                    value.conversion.to_string(),
                    value.sum.to_string(),
                    value.code.to_string(),
                    value.level.to_string(),
                    value.factor.to_string(),
                    value.accumulated.to_string(),
                ];
                table.write_record(place(vector).iter().chain(&own))?;
            }
        }
    }
    finished(table)
}

fn finished(table: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    table
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// One line per operation.
fn input_memory(vectors: &[Vector], packing: Packing) -> Vec<u8> {
    let mut text = String::new();
    for vector in vectors {
        for slot in vector
            .slots
            .iter()
            .filter(|slot| slot.position_in_operation == 0)
        {
            let values = slot.inputs.iter().map(|&input| Some(input));
            text += &hexadecimal(values, packing.word_lines, packing.input_bits);
        }
    }
    text.into_bytes()
}

/// One line per conversion; a read-out that converts nothing is `x`.
fn code_memory(vectors: &[Vector], packing: Packing) -> Vec<u8> {
    let mut text = String::new();
    for slot in vectors.iter().flat_map(|vector| &vector.slots) {
        let of = |readout: u32| {
            let mut found = slot.readouts.iter();
            found
                .find(|value| value.readout == readout)
                .map(|value| value.code)
        };
        let codes = (0..packing.readouts).map(of);
        text += &hexadecimal(codes, packing.readouts, packing.code_bits);
    }
    text.into_bytes()
}

/// Values of `each` bits, the first one in the lowest, as one line; a digit with an unknown bit is `x`.
fn hexadecimal(values: impl Iterator<Item = Option<u8>>, count: u32, each: u32) -> String {
    let mut bits: Vec<Option<bool>> = Vec::with_capacity((count * each) as usize);
    for value in values
        .chain(std::iter::repeat(Some(0)))
        .take(count as usize)
    {
        bits.extend((0..each).map(|bit| value.map(|value| value >> bit & 1 == 1)));
    }
    let digit = |four: &[Option<bool>]| {
        let value = four
            .iter()
            .rev()
            .try_fold(0u32, |value, bit| bit.map(|bit| value * 2 + u32::from(bit)));
        value.map_or('x', |value| char::from_digit(value, 16).unwrap_or('x'))
    };
    let line: String = bits.chunks(4).rev().map(digit).collect();
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn lines_are_what_readmemh_reads() {
        let some = |values: &[u8]| values.iter().copied().map(Some).collect::<Vec<_>>();
        // 2 bits each: 3, 1, 0, 2 from the right: 10 00 01 11.
        assert_eq!(hexadecimal(some(&[3, 1, 0, 2]).into_iter(), 4, 2), "87\n");
        assert_eq!(hexadecimal(some(&[1]).into_iter(), 3, 4), "001\n");
        assert_eq!(hexadecimal([Some(5), None].into_iter(), 2, 4), "x5\n");
    }
}
