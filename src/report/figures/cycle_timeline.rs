//! Layers over time: how many of their macros are at work, and how busy the busiest link is.

use super::cycle_parts::ROW;
use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, VERMILION};
use crate::report::picture::Picture;
use crate::results::cycle::CycleResult;

/// Draws the figure; nothing without a timeline.
pub fn figure(cycle: &CycleResult) -> Option<Figure> {
    let timeline = &cycle.timeline;
    let bins = timeline.layers.iter().map(Vec::len).max().unwrap_or(0);
    if bins == 0 {
        return None;
    }
    let rows = timeline.layers.len() + 1;
    let height = 92.0 + ROW * rows as f64 + 52.0;
    let mut picture = Picture::new(WIDE, height);
    let title = "Layers over time";
    let images = match cycle.images {
        1 => "one image".to_string(),
        many => format!("{many} images"),
    };
    let subtitle = format!(
        "{images}, {}; {} cycles of {} ns; the first image takes {} us",
        cycle.order.replace('_', " "),
        number::grouped(cycle.cycles),
        number::significant(cycle.clock_ns),
        number::significant(cycle.latency_us),
    );
    frame::headline(&mut picture, title, &subtitle);
    let entries = [
        (Mark::Square, BLUE, "share of the layer's macros at work"),
        (
            Mark::Square,
            VERMILION,
            "share of the busiest link's cycles",
        ),
    ];
    legend::entries(&mut picture, (130.0, 70.0), &entries);
    let frame = Frame {
        left: 130.0,
        top: 92.0,
        right: WIDE - 30.0,
        bottom: height - 52.0,
        x: Scale::Linear {
            low: 0.0,
            high: timeline.bin_us * bins as f64,
        },
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    frame.x_grid(&mut picture);
    let mut names: Vec<String> = cycle
        .layers
        .iter()
        .map(|layer| layer.name.clone())
        .collect();
    names.truncate(timeline.layers.len());
    names.push("busiest link".into());
    let middles = legend::row_names(&mut picture, &frame, &names);
    let shares = timeline.layers.iter().chain([&timeline.link]);
    for ((shares, y), row) in shares.zip(middles).zip(1..) {
        let color = if row == rows { VERMILION } else { BLUE };
        strip(&mut picture, &frame, (shares, timeline.bin_us), y, color);
    }
    frame.x_axis(&mut picture, "Time (us)");
    Some(Figure {
        name: "cycle_timeline".into(),
        title: title.into(),
        caption: "Height of the filled area: share of the units at work in that stretch of time."
            .into(),
        picture,
    })
}

/// One row: an area whose height is the share.
fn strip(
    picture: &mut Picture,
    frame: &Frame,
    (shares, bin_us): (&[f64], f64),
    y: f64,
    color: Color,
) {
    let foot = y + 12.0;
    for (bin, &share) in shares.iter().enumerate() {
        if share <= 0.0 {
            continue;
        }
        let (from, to) = (bin as f64 * bin_us, (bin + 1) as f64 * bin_us);
        let top = foot - 24.0 * share.clamp(0.02, 1.0);
        picture.rect((frame.px(from), top), (frame.px(to), foot), color, 0.85);
    }
}
