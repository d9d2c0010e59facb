//! Accuracy of every virtual chip, sorted: the yield curve of the design.

use super::{Figure, HALF};
use crate::report::axis::{Scale, range};
use crate::report::frame::{self, Frame};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{GREEN, PURPLE, VERMILION};
use crate::report::picture::Picture;
use crate::results::accuracy::{Accuracy, Repeats};
use crate::results::run::RunResult;

const HEIGHT: f64 = 360.0;

/// Draws the figure; nothing where fewer than two chips were simulated.
pub fn figure(result: &RunResult) -> Option<Figure> {
    let chips = result.accuracy.chips.as_ref()?;
    let mut sorted: Vec<&Accuracy> = chips
        .runs
        .iter()
        .filter(|run| run.estimate.is_finite())
        .collect();
    if sorted.len() < 2 {
        return None;
    }
    sorted.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
    let same_images = result.accuracy.chips_ideal.as_ref();
    let ideal = 100.0 * same_images.unwrap_or(&result.accuracy.ideal).estimate;
    let reach = sorted
        .iter()
        .flat_map(|run| [100.0 * run.low, 100.0 * run.high])
        .chain([ideal]);
    let (low, high) = range(reach)?;
    let mut picture = Picture::new(HALF, HEIGHT);
    let title = "Virtual chips, worst to best";
    frame::headline(&mut picture, title, &subtitle(chips));
    let entries = [
        (Mark::Dot, PURPLE, "chip, 95 % interval"),
        (Mark::Dot, VERMILION, "worst"),
        (Mark::Line, PURPLE, "mean"),
        (Mark::Dashed, GREEN, "ideal MVM"),
    ];
    legend::entries(&mut picture, (72.0, 66.0), &entries);
    let frame = Frame {
        left: 72.0,
        top: 86.0,
        right: HALF - 20.0,
        bottom: HEIGHT - 50.0,
        x: Scale::Linear {
            low: 0.3,
            high: sorted.len() as f64 + 0.7,
        },
        y: Scale::around([low, high], 0.08),
    };
    draw(&mut picture, &frame, &sorted, chips, ideal);
    let calibrated = match result.accuracy.chips_calibrated {
        true => ", its batch norm re-estimated",
        false => "",
    };
    Some(Figure {
        name: "virtual_chips".into(),
        title: title.into(),
        caption: format!(
            "Every dot is one chip with its own cells, offsets and references{calibrated}, sorted by accuracy; the left end is the \
             worst chip of the batch, the slope is the spread between chips."
        ),
        picture,
    })
}

fn subtitle(chips: &Repeats) -> String {
    format!(
        "{} chips: mean {}, standard deviation {} points, worst {}",
        chips.runs.len(),
        number::percent(chips.mean, 1),
        number::fixed(100.0 * chips.std, 2),
        number::percent(chips.worst, 1),
    )
}

fn draw(picture: &mut Picture, frame: &Frame, sorted: &[&Accuracy], chips: &Repeats, ideal: f64) {
    frame.y_axis(picture, "Accuracy (%)");
    let y = frame.py(ideal);
    picture.dashed((frame.left, y), (frame.right, y), GREEN, 1.5);
    frame.level(picture, 100.0 * chips.mean, PURPLE, 1.6);
    for (rank, run) in sorted.iter().enumerate() {
        let color = if rank == 0 { VERMILION } else { PURPLE };
        let (x, y) = frame.at(rank as f64 + 1.0, 100.0 * run.estimate);
        let (low, high) = (frame.py(100.0 * run.low), frame.py(100.0 * run.high));
        picture.line(vec![(x, low), (x, high)], color, 0.5, 1.5);
        picture.dot((x, y), 3.6, color, 1.0);
    }
    let every = sorted.len().div_ceil(15).max(1);
    for rank in (1..=sorted.len()).filter(|rank| rank % every == 0 || *rank == 1) {
        frame.x_tick(picture, rank as f64, &rank.to_string());
    }
    frame.x_line(picture, "Chip (sorted)");
}
