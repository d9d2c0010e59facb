//! What computed each figure of `imcsim run`, in words: every report says it.
//!
//! Not responsible for computing anything.

use crate::net::network::IntNetwork;
use crate::net::references::LayerReferences;

/// Which path computed each accuracy.
pub(super) fn fidelity(network: &IntNetwork, calibrated_chips: bool) -> Vec<(String, String)> {
    let pair = |what: &str, how: &str| (what.to_string(), how.to_string());
    let calibrated = match calibrated_chips {
        true => "; batch norm of every chip re-estimated on the calibration images",
        false => "",
    };
    let chips = format!(
        "cell path: every cell, reference and offset of a chip drawn once, analog sums; no read noise{calibrated}"
    );
    let mut all = vec![
        pair("ideal", "integer network, every sum exact"),
        pair("noise_free", "table path: integer partial sum to code"),
        pair(
            "read_noise",
            "table path: code drawn from T[sum, code] at every conversion",
        ),
        pair("chips", &chips),
        pair(
            "re_estimated",
            "table path without noise, batch norm re-estimated on calibration images",
        ),
        pair(
            "cycle",
            "cycle engine, codes of the noise-free table path; energy from the currents and comparisons of the operations that took place",
        ),
        pair(
            "adc_curve",
            "table path, references placed anew for every number of bits; ideal accuracy on all test images less the loss \
             against it, image by image on those looked at, corrected for what the run knows of all",
        ),
        pair(
            "word_line_curve",
            "as adc_curve, with noise at each read: partial sums counted and references placed anew for every number of open word \
             lines, the macro's own accumulator and references left out",
        ),
    ];
    if has_column_steps(network) {
        all.push(pair(
            "columns",
            "every column read with its own trained step; a layer's thresholds, codes and margins are those of the step that \
             most of its columns have, its errors the mean over columns, each on the partial sums of all of them",
        ));
    }
    all
}

fn has_column_steps(network: &IntNetwork) -> bool {
    let mut layers = network.layers.iter();
    layers.any(|layer| matches!(layer.references, LayerReferences::StepPerColumn { .. }))
}
