//! The learning curve: accuracy of training and test images, and the loss, epoch by epoch.

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, PURPLE, VERMILION};
use crate::report::picture::{Label, Picture, Point};
use crate::results::training::{EpochResult, LearningCurve};

const HEIGHT: f64 = 380.0;

/// One line of a panel.
struct Line {
    name: &'static str,
    color: Color,
    value: fn(&EpochResult) -> f64,
}

const TEST: Line = Line {
    name: "test images",
    color: BLUE,
    value: |epoch| 100.0 * epoch.test_accuracy,
};
const TRAIN: Line = Line {
    name: "training images, while training",
    color: VERMILION,
    value: |epoch| 100.0 * epoch.train_accuracy,
};
const LOSS: Line = Line {
    name: "loss",
    color: PURPLE,
    value: |epoch| epoch.loss,
};

/// Draws the figure; nothing before the first epoch.
pub fn figure(curve: &LearningCurve) -> Option<Figure> {
    let last = curve.epochs.last()?;
    let mut picture = Picture::new(WIDE, HEIGHT);
    frame::headline(&mut picture, &curve.title, &curve.subtitle);
    let entries = [&TEST, &TRAIN, &LOSS].map(|line| (Mark::Line, line.color, line.name));
    legend::entries(&mut picture, (72.0, 68.0), &entries);
    let wide = panel(
        &mut picture,
        curve,
        (72.0, 640.0),
        "Accuracy (%)",
        &[TRAIN, TEST],
    );
    panel(&mut picture, curve, (724.0, WIDE - 24.0), "Loss", &[LOSS]);
    let end = wide.at(last.epoch as f64, 100.0 * last.test_accuracy);
    let text = number::percent(last.test_accuracy, 2);
    picture.text_where_clear(
        Label::new(text, end, frame::TEXT).bold(),
        &[(end.0 - 64.0, end.1 + 22.0), (end.0 - 64.0, end.1 - 14.0)],
    );
    Some(Figure {
        name: "curve".into(),
        title: curve.title.clone(),
        caption: "Accuracy and loss at the end of every epoch.".into(),
        picture,
    })
}

fn panel(
    picture: &mut Picture,
    curve: &LearningCurve,
    (left, right): (f64, f64),
    title: &str,
    lines: &[Line],
) -> Frame {
    let all = || curve.epochs.iter();
    let values = lines.iter().flat_map(|line| all().map(line.value));
    let count = curve.epochs.len() as f64;
    let frame = Frame {
        left,
        top: 96.0,
        right,
        bottom: HEIGHT - 50.0,
        x: Scale::Linear {
            low: 1.0 - 0.03 * count,
            high: count.max(2.0) + 0.03 * count,
        },
        y: Scale::around(values, 0.08),
    };
    frame.y_axis(picture, title);
    let step = (curve.epochs.len().div_ceil(12)).max(1);
    for epoch in all().step_by(step) {
        frame.x_tick(picture, epoch.epoch as f64, &epoch.epoch.to_string());
    }
    frame.x_line(picture, "Epoch");
    for line in lines {
        let points: Vec<Point> = all()
            .map(|epoch| (epoch.epoch as f64, (line.value)(epoch)))
            .collect();
        frame.curve(picture, &points, line.color, 2.2);
        for &(x, y) in &points {
            picture.dot(frame.at(x, y), 3.0, line.color, 1.0);
        }
    }
    frame
}
