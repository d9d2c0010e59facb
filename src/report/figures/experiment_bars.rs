//! Drops of the rows of one group as bars: three modes a row, seeds as dots, re-estimated batch norm as rings.
//!
//! A chip whose batch norm is as trained can answer at chance: a bar so much longer than its ring is broken off, so that the others can be read; and
//! so are the bars of a row that was lost altogether (a training that diverged).

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::axis::range;
use crate::report::experiment::{mode, of_seeds};
use crate::report::frame::{self, Frame, SMALL};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, INK, MUTED, PAPER, PURPLE, VERMILION};
use crate::report::picture::{Label, Picture};
use crate::results::experiment::{GroupSummary, ModeOverSeeds, OverSeeds, RowSummary};

/// A mode: its key, what it is called, its colour.
pub type NamedMode = (&'static str, &'static str, Color);

/// Modes in the order of their bars.
pub const MODES: [NamedMode; 3] = [
    ("m1", "ADC without noise", BLUE),
    ("m2", "noise at each read", VERMILION),
    ("m3", "static chips, no read noise", PURPLE),
];

/// Most points of the subtitle for the baseline's name.
const LONGEST_NAME: f64 = 90.0;
/// Height of one bar and of one row.
const BAR: f64 = 15.0;
const ROW: f64 = 66.0;
/// A bar of at least so many points, and so many times its ring or the other rows, is broken off.
const FAR: f64 = 20.0;
const TIMES: f64 = 4.0;

/// Draws the figure; nothing without a drop.
pub fn figure(baseline: &str, group: &GroupSummary, rows: &[&RowSummary]) -> Option<Figure> {
    let lost = lost(rows);
    let x = scale(rows, lost)?;
    let mut picture = Picture::new(WIDE, 142.0 + ROW * rows.len() as f64);
    let several = rows.iter().any(|row| row.seeds.len() > 1);
    let seeds = if several {
        " (means over seeds, dots seeds)"
    } else {
        ""
    };
    let is_broken = |row: &&RowSummary| MODES.iter().any(|&(name, ..)| is_far(row, name, lost));
    let broken = match rows.iter().any(is_broken) {
        true => "; broken bars go on",
        false => "",
    };
    let subtitle = format!(
        "Points lost against ideal MVM values of {}{seeds}; whiskers are 95 % intervals; numbers: batch norm as trained / re-estimated{broken}",
        legend::shorten(baseline, LONGEST_NAME, SMALL)
    );
    frame::headline(&mut picture, &group.title, &subtitle);
    let mut entries: Vec<_> = MODES
        .map(|(_, name, color)| (Mark::Square, color, name))
        .into();
    entries.push((Mark::Ring, INK, "batch norm re-estimated"));
    legend::entries(&mut picture, (300.0, 68.0), &entries);
    let frame = Frame {
        left: 300.0,
        top: 86.0,
        right: WIDE - 90.0,
        bottom: picture.height - 50.0,
        x,
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    frame.x_grid(&mut picture);
    frame.upright(&mut picture, 0.0, MUTED, 1.4);
    let names = names(rows);
    let middles = legend::row_names(&mut picture, &frame, &names);
    for (row, middle) in rows.iter().zip(middles) {
        for (index, &(name, _, color)) in MODES.iter().enumerate() {
            let y = middle + (index as f64 - 1.0) * (BAR + 3.0);
            bar(&mut picture, &frame, row, (name, color), (y, lost));
        }
    }
    frame.x_axis(&mut picture, "Drop (points)");
    Some(Figure {
        name: format!("{}_drop", crate::report::folder::file_name(&group.name)),
        title: group.title.clone(),
        caption: "Shorter is better; left of zero is better than the baseline.".into(),
        picture,
    })
}

/// Labels, with the number of seeds where it is not the same for all.
fn names(rows: &[&RowSummary]) -> Vec<String> {
    // A drop has the seeds that the baseline has too.
    let count = |row: &RowSummary| row.modes.first().map_or(0, |mode| mode.drops.len());
    let counts: Vec<usize> = rows.iter().map(|row| count(row)).collect();
    let differ = counts.iter().any(|count| *count != counts[0]);
    let name = |row: &&RowSummary| match differ {
        false => row.label.clone(),
        true => format!("{} {}", row.label, of_seeds(count(row))),
    };
    rows.iter().map(name).collect()
}

/// Points from which on nothing has room: where a row is so much worse than all before it, in whatever mode it does best.
fn lost(rows: &[&RowSummary]) -> f64 {
    let best = |row: &&RowSummary| {
        let modes = MODES
            .iter()
            .flat_map(|&(name, ..)| [(name, false), (name, true)]);
        let drops = modes.filter_map(|(name, again)| drop(row, name, again));
        drops.map(|drop| 100.0 * drop.mean).reduce(f64::min)
    };
    let mut best: Vec<f64> = rows.iter().filter_map(best).collect();
    best.sort_by(f64::total_cmp);
    let is_lost = |pair: &&[f64]| pair[1] >= FAR && pair[1] >= TIMES * pair[0].max(1.0);
    let first = best.windows(2).find(is_lost);
    first.map_or(f64::INFINITY, |pair| pair[1])
}

/// True if the bar of a mode would leave the others no room.
fn is_far(row: &RowSummary, name: &str, lost: f64) -> bool {
    let [trained, again] = [false, true].map(|again| drop(row, name, again));
    let (Some(trained), Some(again)) = (trained, again) else {
        return false;
    };
    let points = 100.0 * trained.mean;
    points >= lost || (points >= FAR && trained.mean >= TIMES * again.mean)
}

/// The mean with batch norm re-estimated, if there is room for it.
fn ring(row: &RowSummary, name: &str, lost: f64) -> Option<f64> {
    let points = 100.0 * drop(row, name, true)?.mean;
    (points < lost).then_some(points)
}

/// Everything that a bar shows, in points; of a broken one the ring: mean, interval, dots of the seeds, ring of the re-estimated batch norm.
fn drawn(row: &RowSummary, name: &str, lost: f64) -> Vec<f64> {
    let whole = !is_far(row, name, lost);
    let trained = mode(row, name, false).filter(|_| whole);
    let interval = drop(row, name, false).filter(|_| whole);
    let interval = interval.map(|drop| [drop.mean, drop.low, drop.high]);
    let all = interval.into_iter().flatten();
    let all = all.chain(trained.into_iter().flat_map(dots));
    let all = all.map(|drop| 100.0 * drop);
    all.chain(ring(row, name, lost)).collect()
}

/// Drops of the seeds; a single one is the bar itself.
fn dots(one: &ModeOverSeeds) -> Vec<f64> {
    let several = one.drops.len() > 1;
    let drops = one.drops.iter().filter(|_| several);
    drops.map(|drop| drop.1).collect()
}

/// Around zero and everything that is drawn.
fn scale(rows: &[&RowSummary], lost: f64) -> Option<Scale> {
    let bars = rows
        .iter()
        .flat_map(|row| MODES.iter().flat_map(|&(name, ..)| drawn(row, name, lost)));
    let (low, high) = range(bars)?;
    let (low, high) = (low.min(0.0), high.max(0.5));
    let pad = 0.05 * (high - low);
    Some(Scale::Linear {
        low: if low < 0.0 { low - pad } else { 0.0 },
        high: high + pad,
    })
}

fn drop(row: &RowSummary, name: &str, re_estimated: bool) -> Option<OverSeeds> {
    mode(row, name, re_estimated)?.drop
}

fn bar(
    picture: &mut Picture,
    frame: &Frame,
    row: &RowSummary,
    (name, color): (&str, Color),
    (y, lost): (f64, f64),
) {
    let one = mode(row, name, false);
    if let (Some(one), Some(drop)) = (one, drop(row, name, false)) {
        let is_far = is_far(row, name, lost);
        let most = frame.x.ends().1;
        let mean = 100.0 * drop.mean;
        let (zero, end) = (frame.px(0.0), frame.px(if is_far { most } else { mean }));
        let (left, right) = (zero.min(end), zero.max(end));
        picture.rect((left, y - BAR / 2.0), (right, y + BAR / 2.0), color, 0.55);
        if is_far {
            broken(picture, right - 14.0, y);
        } else {
            frame.whisker(picture, 100.0 * drop.low, 100.0 * drop.high, y, color);
            for seed in dots(one) {
                picture.dot((frame.px(100.0 * seed), y), 2.4, INK, 0.7);
            }
        }
        let points = |drop: OverSeeds| number::fixed(100.0 * drop.mean, 2);
        let again = self::drop(row, name, true).map(|again| format!(" / {}", points(again)));
        let text = points(drop) + &again.unwrap_or_default();
        // Beyond all that is drawn of this bar, ring and dots too.
        let ends = drawn(row, name, lost).into_iter().map(|end| frame.px(end));
        let x = ends.fold(right, f64::max) + 10.0;
        picture.text_if_free(Label::new(text, (x, y), SMALL).color(INK));
    }
    if let Some(points) = ring(row, name, lost) {
        picture.ring((frame.px(points), y), 4.5, INK);
    }
}

/// Two slanted gaps: the bar goes on beyond the scale.
fn broken(picture: &mut Picture, x: f64, y: f64) {
    for aside in [0.0, 7.0] {
        let ends = vec![
            (x + aside - 3.0, y + BAR / 2.0 + 1.0),
            (x + aside + 3.0, y - BAR / 2.0 - 1.0),
        ];
        picture.line(ends, PAPER, 1.0, 2.5);
    }
}
