//! Accuracy of every simulated condition with its interval, from full precision down to the virtual chips.

use super::{Figure, HALF};
use crate::report::axis::{Scale, range};
use crate::report::frame::{self, Frame, SMALL, TEXT};
use crate::report::legend;
use crate::report::number;
use crate::report::palette::{BLUE, Color, GREEN, GRID, INK, MUTED, PURPLE, VERMILION};
use crate::report::picture::{Label, Picture};
use crate::results::accuracy::{Accuracy, Repeats};
use crate::results::run::RunResult;

const ROW: f64 = 46.0;

/// One condition: all shares in 0..1.
struct Condition {
    name: &'static str,
    /// Ideal MVM values on this condition's own images, where those are fewer than the whole test set.
    own_ideal: Option<f64>,
    color: Color,
    estimate: f64,
    interval: Option<(f64, f64)>,
    runs: Vec<f64>,
}

/// Draws the figure; nothing where no image was classified.
pub fn figure(result: &RunResult) -> Option<Figure> {
    let conditions = conditions(result);
    let scale = scale(&conditions)?;
    let mut picture = Picture::new(HALF, 118.0 + ROW * conditions.len() as f64);
    let title = "Accuracy, condition by condition";
    let of_chips = result.accuracy.chips_ideal.as_ref();
    let fewer = of_chips
        .filter(|ideal| ideal.images < result.data.images)
        .map_or(String::new(), |ideal| {
            format!(" ({} for virtual chips)", number::grouped(ideal.images))
        });
    let subtitle = format!(
        "{} test images{fewer}; lines are 95 % intervals",
        number::grouped(result.data.images)
    );
    frame::headline(&mut picture, title, &subtitle);
    let frame = Frame {
        left: 152.0,
        top: 62.0,
        right: HALF - 22.0,
        bottom: picture.height - 50.0,
        x: scale,
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    frame.x_grid(&mut picture);
    frame.upright_dashed(&mut picture, 100.0 * result.accuracy.ideal.estimate, GREEN);
    let names: Vec<String> = conditions.iter().map(|c| c.name.to_string()).collect();
    let middles = legend::row_names(&mut picture, &frame, &names);
    for (condition, y) in conditions.iter().zip(middles) {
        draw(&mut picture, &frame, condition, y);
    }
    frame.x_axis(&mut picture, "Accuracy (%)");
    Some(Figure {
        name: "accuracy".into(),
        title: title.into(),
        caption: caption(result),
        picture,
    })
}

fn caption(result: &RunResult) -> String {
    let before = match &result.before {
        Some(_) => " Before: the same network before it was trained through this macro.",
        None => "",
    };
    format!(
        "Large dots are the estimates, whiskers their 95 % intervals, small dots single repeats or chips; the dashed line \
         is the network with ideal MVM values (for virtual chips the green stroke, on their own images).{before} The axis \
         does not start at zero."
    )
}

fn conditions(result: &RunResult) -> Vec<Condition> {
    let accuracy = &result.accuracy;
    let mut all = Vec::new();
    if let Some(estimate) = accuracy.full_precision {
        all.push(Condition {
            name: "Full precision",
            own_ideal: None,
            color: MUTED,
            estimate,
            interval: None,
            runs: Vec::new(),
        });
    }
    all.push(single("Ideal MVM values", GREEN, &accuracy.ideal));
    all.push(single("ADC, noise-free", BLUE, &accuracy.noise_free));
    if let Some(repeats) = &accuracy.read_noise {
        all.push(several("Noise at each read", VERMILION, repeats));
    }
    if let Some(repeats) = &accuracy.chips {
        let own_ideal = accuracy.chips_ideal.as_ref().map(|ideal| ideal.estimate);
        let chips = match accuracy.chips_calibrated {
            true => "Calibrated chips",
            false => "Virtual chips",
        };
        all.push(Condition {
            own_ideal,
            ..several(chips, PURPLE, repeats)
        });
    }
    if let Some(re_estimated) = &accuracy.re_estimated {
        all.push(single("Re-estimated", BLUE, re_estimated));
    }
    if let Some(before) = &result.before {
        let accuracy = &before.accuracy;
        all.push(single("Before: ideal", MUTED, &accuracy.ideal));
        all.push(match &accuracy.read_noise {
            Some(repeats) => several("Before: noise", MUTED, repeats),
            None => single("Before: noise-free", MUTED, &accuracy.noise_free),
        });
    }
    all.retain(|condition| condition.estimate.is_finite() && condition.has_images());
    all
}

impl Condition {
    fn has_images(&self) -> bool {
        self.interval.is_none_or(|(low, high)| high > low) || self.estimate > 0.0
    }
}

fn single(name: &'static str, color: Color, accuracy: &Accuracy) -> Condition {
    Condition {
        name,
        own_ideal: None,
        color,
        estimate: accuracy.estimate,
        interval: Some((accuracy.low, accuracy.high)),
        runs: Vec::new(),
    }
}

fn several(name: &'static str, color: Color, repeats: &Repeats) -> Condition {
    Condition {
        name,
        own_ideal: None,
        color,
        estimate: repeats.mean,
        interval: Some((repeats.low, repeats.high)),
        runs: repeats.runs.iter().map(|run| run.estimate).collect(),
    }
}

/// In percent: around the data, at least two points wide, inside 0..100.
fn scale(conditions: &[Condition]) -> Option<Scale> {
    let ends = conditions.iter().flat_map(|condition| {
        let (low, high) = condition
            .interval
            .unwrap_or((condition.estimate, condition.estimate));
        let own = [condition.estimate, low, high];
        let others = condition.runs.iter().chain(&condition.own_ideal);
        own.into_iter().chain(others.copied())
    });
    let (low, high) = range(ends)?;
    let spread = (100.0 * (high - low)).max(2.0);
    Some(Scale::Linear {
        low: (100.0 * low - 0.08 * spread).max(-1.0),
        high: (100.0 * high + 0.08 * spread).min(101.0),
    })
}

fn draw(picture: &mut Picture, frame: &Frame, condition: &Condition, y: f64) {
    let lane = (frame.bottom - frame.top, frame.left, frame.right);
    picture.line(vec![(lane.1, y), (lane.2, y)], GRID, 1.0, 1.0);
    for (index, run) in condition.runs.iter().enumerate() {
        // A fixed pattern of heights keeps equal runs apart without chance.
        let offset = f64::from((index * 7 % 5) as u32) * 3.0 - 6.0;
        let at = (frame.px(100.0 * run), y + offset);
        picture.dot(at, 2.4, condition.color, 0.45);
    }
    if let Some(ideal) = condition.own_ideal {
        let x = frame.px(100.0 * ideal);
        picture.line(vec![(x, y - 11.0), (x, y + 11.0)], GREEN, 1.0, 2.4);
    }
    if let Some((low, high)) = condition.interval {
        frame.whisker(picture, 100.0 * low, 100.0 * high, y, condition.color);
    }
    let x = frame.px(100.0 * condition.estimate);
    picture.dot((x, y), 5.0, condition.color, 1.0);
    let text = match condition.interval {
        Some((low, high)) => number::interval(condition.estimate, low, high),
        None => number::percent(condition.estimate, 1),
    };
    let mut label = Label::new(text, (x, y - 15.0), SMALL).color(INK);
    let half = (label.bounds()[2] - label.bounds()[0]) / 2.0;
    label.at.0 = x.clamp(frame.left + half + 4.0, frame.right - half) - half;
    label.size = SMALL.min(TEXT);
    legend::note(picture, label);
}
