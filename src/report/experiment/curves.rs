//! curves.csv: one line for every training, seed and epoch.

use crate::report::learning_curve::{COLUMNS, line};
use crate::results::training::NamedCurve;

/// The table. Names of trainings are folder names and need no quotes.
pub fn table(curves: &[NamedCurve]) -> Vec<u8> {
    let mut text = format!("training,seed,{COLUMNS}\n");
    for curve in curves {
        for epoch in &curve.epochs {
            text.push_str(&format!(
                "{},{},{}\n",
                curve.training,
                curve.seed,
                line(epoch)
            ));
        }
    }
    text.into_bytes()
}
