//! Read noise of cells alone: the table of a layer and the law of single cells under the layer's own patterns agree.

mod support;

use support::Scratch;

/// Every random effect of the shipped macro but the read noise of its cells.
const OFF: [&str; 6] = [
    "cell.on_off.programming.normal.sigma_relative=[0.0,0.0]",
    "cell.on_off.faults.stuck_off_probability=0.0",
    "cell.on_off.faults.stuck_on_probability=0.0",
    "readout.binary_search.reference_error.column_sigma_relative=0.0",
    "readout.binary_search.sense_amp.offset.normal.sigma_ua=0.0",
    "readout.binary_search.sense_amp.noise.normal.sigma_ua=0.0",
];

/// Error rates of the layers on the macro, by the table and by cells.
fn error_rates(read_sigma: f64) -> Vec<(f64, f64)> {
    let scratch = Scratch::new();
    let mut command = scratch.command(["run", "reram_9wl", "--model", "lenet", "--json"]);
    let small = "--images 32 --repeats 1 --chips 1 --chip-images 32 --curve-images 0 --samples 0";
    command.args(small.split(' '));
    OFF.iter().for_each(|change| {
        command.args(["--set", change]);
    });
    let noise = format!("cell.on_off.read_noise.normal.sigma_relative={read_sigma:?}");
    let result = command.args(["--set", &noise]).output().expect("it runs");
    let summary: serde_json::Value = serde_json::from_slice(&result.stdout).expect("JSON");
    let layers = summary["layers"].as_array().expect("layers");
    let rate = |value: &serde_json::Value| value["error_rate"].as_f64().expect("a rate");
    let on_macro = layers.iter().filter(|layer| layer["margin"].is_object());
    on_macro
        .map(|layer| (rate(layer), rate(&layer["margin"])))
        .collect()
}

#[test]
fn table_and_cells_agree_on_wrong_codes() {
    for read_sigma in [0.15, 0.06] {
        let rates = error_rates(read_sigma);
        assert_eq!(rates.len(), 2);
        for (table, cells) in rates {
            // Both look at samples of row groups, not at the same ones.
            assert!(cells > 0.005);
            assert!(
                (table / cells - 1.0).abs() < 0.06,
                "{table} against {cells}"
            );
        }
    }
}
