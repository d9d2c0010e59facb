//! What the arrays of every layer do with their cycles: work, wait for what, or nothing.

use super::cycle_parts::{ROW, bars, colors, legend};
use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame};
use crate::report::picture::Picture;
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
    let height = 110.0 + ROW * rows.len() as f64 + 52.0;
    let mut picture = Picture::new(WIDE, height);
    let title = "Where the cycles go";
    let subtitle = "Layers: from their first to their last cycle. Last two rows: macros that ever had work, the whole run";
    frame::headline(&mut picture, title, subtitle);
    let named = colors(rows.iter().copied());
    legend(&mut picture, (130.0, 66.0), &named);
    let frame = Frame {
        left: 130.0,
        top: 110.0,
        right: WIDE - 30.0,
        bottom: height - 52.0,
        x: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    frame.x_grid(&mut picture);
    bars(&mut picture, &frame, &names, &rows, &named);
    frame.x_axis(&mut picture, "Share of the cycles");
    Some(Figure {
        name: "cycle_stalls".into(),
        title: title.into(),
        caption: "An array waits for its inputs (not computed yet), room in the input buffer, the bus, an accumulator bank, \
                  its read-outs or the sample-and-hold; a read-out waits for the array or for the latch."
            .into(),
        picture,
    })
}
