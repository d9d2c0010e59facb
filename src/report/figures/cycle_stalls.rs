//! What the arrays of every layer do with their cycles: work, wait for what, or nothing.

use super::Figure;
use super::cycle_parts::stacked;
use crate::results::cycle::{CycleResult, LayerTime, Part};

/// Draws the figure; nothing where no layer is on macros.
pub fn figure(cycle: &CycleResult) -> Option<Figure> {
    let layers: Vec<&LayerTime> = cycle.layers.iter().filter(|l| l.on_macro).collect();
    if layers.is_empty() {
        return None;
    }
    let mut names: Vec<String> = layers.iter().map(|layer| layer.name.clone()).collect();
    let mut rows: Vec<&[Part]> = layers.iter().map(|l| l.array_cycles.as_slice()).collect();
    names.push("all arrays".into());
    rows.push(&cycle.array_cycles);
    names.push("all read-outs".into());
    rows.push(&cycle.readout_cycles);
    let title = "Where the cycles go";
    let subtitle = "Layers: from their first to their last cycle. Last two rows: macros that ever had work, the whole run";
    let axis = ("Share of the cycles", 1.0);
    let picture = stacked((title, subtitle), (&names, &rows), axis);
    Some(Figure {
        name: "cycle_stalls".into(),
        title: title.into(),
        caption: "An array waits for its inputs (not computed yet), room in the input buffer, the bus, an accumulator bank, \
                  its read-outs or the sample-and-hold; a read-out waits for the array or for the latch."
            .into(),
        picture,
    })
}
