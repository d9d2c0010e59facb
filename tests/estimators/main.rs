//! Are the slopes of a read-out what they claim to be: against differences, against draws, and against published numbers?
//!
//! Here are the read-outs that all the questions are asked about.

mod exact;
mod measured;
mod parameters;
mod relaxed;
mod shapes;

use imcsim::hw::comparison_noise::ComparisonNoise;
use imcsim::hw::partial_sum::SumRange;
use imcsim::hw::readout::decode::DecodeRule;
use imcsim::hw::readout::measured::ConfusionMatrix;
use imcsim::hw::readout::table::CodeTable;
use imcsim::hw::readout::{
    Architecture, CellNoise, Converter, CurrentNoise, Kind, Readout, ReadoutDesign,
};
use imcsim::hw::reference::{ReferenceError, References, SignedCodes};
use imcsim::hw::sense_amp::SenseAmp;
use imcsim::hw::variation::{LOGISTIC_STD, Law, Noise};
use imcsim::train::mvm::Slopes;

/// Slopes by sum and code: how many codes there are, how many equally likely draws of each, and the factors.
fn by_code(slopes: &Slopes) -> (usize, usize, &[f32]) {
    match slopes {
        Slopes::ByCode { codes, table } => (*codes, 1, table),
        Slopes::Drawn {
            codes,
            draws,
            table,
        } => (*codes, *draws, table),
        other => panic!("slopes by code, not {other:?}"),
    }
}

/// Ternary weights, two-bit inputs, nine rows.
const MACRO: SumRange = SumRange { min: -27, max: 27 };

/// 15 codes of this step, thresholds moved up by `moved`; values of codes stay.
fn design(architecture: Architecture, step: f64, moved: f64) -> ReadoutDesign {
    let thresholds = (0..14).map(|k| step * (f64::from(k) - 6.5) + moved);
    let values = (0..15).map(|k| step * f64::from(k - 7));
    let converter = Converter {
        architecture,
        bits: 4,
        signed_codes: SignedCodes::Symmetric,
        decode: DecodeRule::Centre,
        references: References::List {
            thresholds: thresholds.collect(),
            values: Some(values.collect()),
        },
        reference_error: ReferenceError::NONE,
        sense_amp: SenseAmp::IDEAL,
    };
    ReadoutDesign {
        kind: Kind::Converter(converter),
        current_noise: CurrentNoise::NONE,
        limit: None,
    }
}

/// A logistic disturbance of this scale.
fn logistic_noise(scale: f64) -> Noise {
    Noise {
        law: Law::Logistic,
        sigma: scale * LOGISTIC_STD,
    }
}

/// The read-out of the published numbers: logistic noise of the current with this scale.
fn logistic_readout(step: f64, scale: f64, moved: f64) -> Readout {
    let mut design = design(Architecture::Flash, step, moved);
    design.current_noise.line = logistic_noise(scale);
    design.place(MACRO, None).expect("15 codes fit 4 bits")
}

fn logistic(step: f64, scale: f64) -> CodeTable {
    logistic_readout(step, scale, 0.0).table()
}

/// Read-outs with other laws: comparison noise beside normal noise of line and cells, thresholds moved.
fn mixed(architecture: Architecture, moved: f64) -> CodeTable {
    mixed_readout(architecture, 1.5, 1.0, moved).table()
}

/// The same with a step, and all noise times `scale`.
fn mixed_readout(architecture: Architecture, step: f64, scale: f64, moved: f64) -> Readout {
    let mut design = design(architecture, step, moved);
    let normal = |sigma| Noise {
        law: Law::Normal,
        sigma: sigma * scale,
    };
    design.current_noise.line = normal(0.6);
    design.current_noise.cells = CellNoise::PerUnit(0.02 * scale * scale);
    if let Kind::Converter(converter) = &mut design.kind {
        converter.sense_amp.noise = ComparisonNoise::Same(normal(0.5));
    }
    design.place(MACRO, None).expect("15 codes fit 4 bits")
}

/// Normal noise of the line, and comparisons with noise of their own at every reference, the largest six times the smallest.
fn uneven_readout(architecture: Architecture) -> Readout {
    let mut design = design(architecture, 1.5, 0.0);
    let normal = |sigma| Noise {
        law: Law::Normal,
        sigma,
    };
    design.current_noise.line = normal(0.4);
    if let Kind::Converter(converter) = &mut design.kind {
        let sigmas = (0..14).map(|k| normal(0.2 + 0.08 * f64::from(k * 5 % 14)));
        converter.sense_amp.noise = ComparisonNoise::PerReference(sigmas.collect());
    }
    design.place(MACRO, None).expect("15 codes fit 4 bits")
}

/// A measured read-out of all sums of its matrix.
fn measured_readout(smallest_sum: i32, code_values: &[f64], rows: &[Vec<f64>]) -> Readout {
    let matrix = ConfusionMatrix {
        smallest_sum,
        code_values: code_values.to_vec(),
        rows: rows.to_vec(),
    };
    let range = SumRange {
        min: smallest_sum,
        max: matrix.largest_sum(),
    };
    let design = ReadoutDesign {
        kind: Kind::Measured(matrix),
        current_noise: CurrentNoise::NONE,
        limit: None,
    };
    design.place(range, None).expect("a row per sum")
}

/// One of unsigned sums with a code that never occurs and one without neighbours.
fn small_matrix() -> Readout {
    let rows = [
        vec![1.0, 0.0, 0.0, 0.0],
        vec![0.2, 0.8, 0.0, 0.0],
        vec![0.0, 0.9, 0.0, 0.1],
        vec![0.0, 0.3, 0.0, 0.7],
    ];
    measured_readout(0, &[0.0, 1.0, 2.5, 4.0], &rows)
}

/// Place of a sum in a table.
fn at(s: i32) -> usize {
    (s - MACRO.min) as usize
}

/// Are two lists the same to a tolerance?
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what} at {index}: {a} {b}");
    }
}
