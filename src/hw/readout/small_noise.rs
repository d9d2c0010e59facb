//! Comparison noise far below the noise of the current: the law is that of the sum of both, and takes few nodes.

use super::law::{all_shared, half_nodes};
use super::tests_support::{MACRO, noisy};
use super::{Architecture, BitLineCurrent, CellNoise, Kind, Readout};
use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::variation::{Law, Noise};

/// Nodes that one probability may take.
const MOST: f64 = 5000.0;

fn placed(line: f64, cells_per_unit: f64, comparison: f64) -> Readout {
    let mut design = noisy(Architecture::Flash, 1.5, Law::Normal, line, comparison);
    design.current_noise.cells = CellNoise::PerUnit(cells_per_unit);
    design.place(MACRO, None).unwrap()
}

/// Nodes on both sides that the law takes at a sum; none where one law stands for both noises.
fn nodes(readout: &Readout, comparison: f64, s: i32) -> f64 {
    let (_, shared) = readout.current_noise.at(f64::from(s), 0.0)[0];
    let comparison = Noise {
        law: Law::Normal,
        sigma: comparison,
    };
    if shared.is_none() || all_shared(shared, &ComparisonNoise::Same(comparison)).is_some() {
        return 1.0;
    }
    1.0 + 2.0 * half_nodes(16.0, shared.sigma, comparison.sigma)
}

#[test]
fn any_mix_of_noises_takes_few_nodes() {
    for line in [0.0, 1e-3, 0.5] {
        for cells in [0.0, 1e-4, 0.02] {
            for comparison in [1e-300, 1e-12, 1e-6, 1e-4, 1e-2, 0.3, 10.0] {
                let readout = placed(line, cells, comparison);
                for s in MACRO.min..=MACRO.max {
                    let taken = nodes(&readout, comparison, s);
                    assert!(taken <= MOST, "{line} {cells} {comparison} {s}: {taken}");
                }
            }
        }
    }
    assert!(half_nodes(16.0, 1.0, 1e-12) <= MOST);
}

#[test]
fn tiny_comparison_noise_beside_cell_noise_is_cell_noise() {
    let tiny = placed(0.0, 0.02, 1e-6).table();
    let none = placed(0.0, 0.02, 0.0).table();
    for (p, q) in tiny.pmf.iter().zip(&none.pmf) {
        assert!((p - q).abs() < 1e-9, "{p} {q}");
    }
    assert!(none.pmf.iter().any(|&p| p > 0.01 && p < 0.99));
}

#[test]
fn tiny_comparison_noise_beside_a_gain_error_needs_no_quadrature() {
    let current = BitLineCurrent {
        mean: 6.0,
        spread: 0.0,
        noise: 0.0,
        moved: 0.0,
        reach: None,
    };
    let row = |comparison: f64| {
        let mut design = noisy(Architecture::Flash, 1.5, Law::Normal, 0.0, comparison);
        if let Kind::Converter(converter) = &mut design.kind {
            converter.reference_error.column = 0.05;
        }
        let readout = design.place(MACRO, None).unwrap();
        readout.probabilities_over_chips(&current)
    };
    for (p, q) in row(1e-9).iter().zip(&row(0.0)) {
        assert!((p - q).abs() < 1e-9, "{p} {q}");
    }
}
