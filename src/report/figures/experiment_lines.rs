//! Drops along an axis (bits, word lines, noise): one panel a mode, one line a series.

use super::experiment_bars::{MODES, NamedMode};
use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::experiment::mode;
use crate::report::frame::{self, Frame, TEXT};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GREEN, MUTED, ORANGE, PURPLE, VERMILION};
use crate::report::picture::{Label, Picture};
use crate::results::experiment::{GroupSummary, RowSummary};

/// Colours of the series in order; more series take them again.
const COLORS: [Color; 5] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE];
const HEIGHT: f64 = 400.0;

/// A line: its name, its colour, its rows in the order of the axis.
struct Series<'a> {
    name: &'a str,
    color: Color,
    rows: Vec<(f64, &'a RowSummary)>,
}

/// Draws the figure; nothing where no two rows lie on the axis.
pub fn figure(baseline: &str, group: &GroupSummary, rows: &[&RowSummary]) -> Option<Figure> {
    let series = series(rows);
    let places: Vec<f64> = rows.iter().filter_map(|row| row.axis).collect();
    let panels = panels(group);
    let ends = drawn_ends(&series, &panels);
    if places.len() < 2 || ends.is_empty() {
        return None;
    }
    let mut picture = Picture::new(WIDE, HEIGHT);
    let subtitle =
        format!("Points lost against ideal MVM values of {baseline}; bars are 95 % intervals");
    frame::headline(&mut picture, &group.title, &subtitle);
    let entries: Vec<_> = series
        .iter()
        .map(|one| (Mark::Line, one.color, one.name))
        .collect();
    legend::entries(&mut picture, (72.0, 68.0), &entries);
    let width = (WIDE - 80.0) / panels.len() as f64;
    for (index, &(name, title, _)) in panels.iter().enumerate() {
        let left = 72.0 + index as f64 * width;
        let frame = Frame {
            left,
            top: 112.0,
            right: left + width - 66.0,
            bottom: HEIGHT - 50.0,
            x: Scale::around(places.iter().copied(), 0.06),
            y: Scale::around(ends.iter().copied().chain([0.0]), 0.06),
        };
        panel(&mut picture, &frame, &series, name, &places);
        let axis = group.axis.as_deref().unwrap_or(&group.name);
        frame.x_line(&mut picture, &legend::shorten(axis, width - 20.0, TEXT));
        picture.text(Label::new(title, (left, 97.0), TEXT).bold());
    }
    Some(Figure {
        name: format!("{}_lines", crate::report::folder::file_name(&group.name)),
        title: group.title.clone(),
        caption: "Lower is better; batch norm as trained.".into(),
        picture,
    })
}

/// Modes with a panel: those that the group names, or all.
fn panels(group: &GroupSummary) -> Vec<NamedMode> {
    let asked = |name: &str| group.panels.is_empty() || group.panels.iter().any(|one| one == name);
    MODES.into_iter().filter(|mode| asked(mode.0)).collect()
}

/// Ends, in points, of every drop that is drawn, and of no other: rows beside the axis and modes without a panel may lie
/// far away.
fn drawn_ends(series: &[Series], panels: &[NamedMode]) -> Vec<f64> {
    let rows = series.iter().flat_map(|one| &one.rows);
    let drops = rows.flat_map(|(_, row)| {
        let drop = |&(name, ..): &NamedMode| mode(row, name, false).and_then(|found| found.drop);
        panels.iter().filter_map(drop)
    });
    drops
        .flat_map(|drop| [drop.mean, drop.low, drop.high])
        .map(|end| 100.0 * end)
        .collect()
}

fn series<'a>(rows: &[&'a RowSummary]) -> Vec<Series<'a>> {
    let mut all: Vec<Series> = Vec::new();
    for row in rows {
        let Some(place) = row.axis else { continue };
        let name = row.series.as_deref().unwrap_or("rows");
        match all.iter_mut().find(|one| one.name == name) {
            Some(one) => one.rows.push((place, row)),
            None => all.push(Series {
                name,
                color: COLORS[all.len() % COLORS.len()],
                rows: vec![(place, row)],
            }),
        }
    }
    for one in &mut all {
        one.rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    all
}

fn panel(picture: &mut Picture, frame: &Frame, series: &[Series], name: &str, places: &[f64]) {
    frame.y_axis(picture, "Drop (points)");
    frame.level(picture, 0.0, MUTED, 1.4);
    let mut places = places.to_vec();
    places.sort_by(f64::total_cmp);
    places.dedup();
    for place in places {
        frame.x_tick(picture, place, &number::short(place));
    }
    for (index, one) in series.iter().enumerate() {
        let aside = 3.0 * (index as f64 - (series.len() as f64 - 1.0) / 2.0);
        let mut points = Vec::new();
        for (place, row) in &one.rows {
            let Some(drop) = mode(row, name, false).and_then(|found| found.drop) else {
                continue;
            };
            let x = frame.px(*place) + aside;
            let ends = [drop.low, drop.high].map(|end| (x, frame.py(100.0 * end)));
            picture.line(ends.into(), one.color, 0.45, 2.0);
            points.push((*place, 100.0 * drop.mean));
        }
        frame.curve(picture, &points, one.color, 2.2);
        for &(x, y) in &points {
            picture.dot(frame.at(x, y), 3.2, one.color, 1.0);
        }
    }
}
