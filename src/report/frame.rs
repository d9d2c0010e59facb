//! The frame every plot stands in: axes, grid, tick labels that never overlap, axis titles, clipped curves.
//!
//! Not responsible for texts beside the plot (`legend`). All figures take their looks from here, so the style is written once.

use super::axis::Scale;
use super::palette::{Color, GRID, MUTED};
use super::picture::{Align, Label, Picture, Point};

/// Font size of figure titles.
pub const TITLE: f64 = 15.0;
/// Font size of axis titles, legends and direct labels.
pub const TEXT: f64 = 12.5;
/// Font size of tick labels.
pub const SMALL: f64 = 11.5;

/// Title and one explaining line at the head of a figure.
pub fn headline(picture: &mut Picture, title: &str, subtitle: &str) {
    picture.text(Label::new(title, (14.0, 20.0), TITLE).bold());
    picture.text(Label::new(subtitle, (14.0, 41.0), TEXT).color(MUTED));
}

/// A plotting area with its two scales.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Left edge in points.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
    /// Horizontal scale.
    pub x: Scale,
    /// Vertical scale.
    pub y: Scale,
}

impl Frame {
    /// Horizontal position of a value, held inside the frame.
    pub fn px(&self, value: f64) -> f64 {
        self.left + self.x.share(value) * (self.right - self.left)
    }

    /// Vertical position of a value, held inside the frame.
    pub fn py(&self, value: f64) -> f64 {
        self.bottom - self.y.share(value) * (self.bottom - self.top)
    }

    /// Position of a pair of values, held inside the frame.
    pub fn at(&self, x: f64, y: f64) -> Point {
        (self.px(x), self.py(y))
    }

    /// True if a value lies inside the horizontal scale.
    pub fn has_x(&self, value: f64) -> bool {
        (0.0..=1.0).contains(&self.x.open_share(value))
    }

    /// True if a value lies inside the vertical scale.
    pub fn has_y(&self, value: f64) -> bool {
        (0.0..=1.0).contains(&self.y.open_share(value))
    }

    /// Horizontal grid lines and the ticks of the vertical axis.
    pub fn y_axis(&self, picture: &mut Picture, title: &str) {
        let ticks = self
            .y
            .ticks((((self.bottom - self.top) / 38.0) as usize).max(2));
        for tick in ticks {
            let y = self.py(tick.value);
            picture.line(vec![(self.left, y), (self.right, y)], GRID, 1.0, 1.0);
            let label = Label::new(tick.label, (self.left - 7.0, y), SMALL).align(Align::End);
            picture.text_if_free(label);
        }
        picture.line(
            vec![(self.left, self.top), (self.left, self.bottom)],
            MUTED,
            1.0,
            1.0,
        );
        let middle = (self.top + self.bottom) / 2.0;
        let left = self.left - 54.0;
        picture.text(
            Label::new(title, (left.max(10.0), middle), TEXT)
                .align(Align::Middle)
                .upwards(),
        );
    }

    /// Ticks and title of the horizontal axis.
    pub fn x_axis(&self, picture: &mut Picture, title: &str) {
        let ticks = self.x.ticks(self.x_ticks());
        for tick in ticks {
            self.x_tick(picture, tick.value, &tick.label);
        }
        self.x_line(picture, title);
    }

    /// Room for this many labels on the horizontal axis.
    fn x_ticks(&self) -> usize {
        (((self.right - self.left) / 62.0) as usize).max(5)
    }

    /// Vertical grid lines at the ticks of the horizontal axis.
    pub fn x_grid(&self, picture: &mut Picture) {
        for tick in self.x.ticks(self.x_ticks()) {
            let x = self.px(tick.value);
            picture.line(vec![(x, self.top), (x, self.bottom)], GRID, 1.0, 1.0);
        }
    }

    /// One tick of the horizontal axis; its label is left out where it would touch another.
    pub fn x_tick(&self, picture: &mut Picture, value: f64, label: &str) {
        let x = self.px(value);
        picture.line(
            vec![(x, self.bottom), (x, self.bottom + 4.0)],
            MUTED,
            1.0,
            1.0,
        );
        picture
            .text_if_free(Label::new(label, (x, self.bottom + 13.0), SMALL).align(Align::Middle));
    }

    /// Line and title of the horizontal axis without ticks.
    pub fn x_line(&self, picture: &mut Picture, title: &str) {
        picture.line(
            vec![(self.left, self.bottom), (self.right, self.bottom)],
            MUTED,
            1.0,
            1.0,
        );
        let middle = (self.left + self.right) / 2.0;
        picture.text(Label::new(title, (middle, self.bottom + 33.0), TEXT).align(Align::Middle));
    }

    /// A curve cut off at the frame's edges.
    pub fn curve(&self, picture: &mut Picture, points: &[Point], color: Color, width: f64) {
        for piece in self.clip(points) {
            picture.line(piece, color, 1.0, width);
        }
    }

    /// A dashed curve cut off at the frame's edges.
    pub fn dashed_curve(&self, picture: &mut Picture, points: &[Point], color: Color, width: f64) {
        for piece in self.clip(points) {
            for pair in piece.windows(2) {
                picture.dashed(pair[0], pair[1], color, width);
            }
        }
    }

    /// Pieces of a curve inside the frame, in points.
    fn clip(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let shares: Vec<Point> = points
            .iter()
            .filter(|point| point.0.is_finite() && point.1.is_finite())
            .map(|&(x, y)| (self.x.open_share(x), self.y.open_share(y)))
            .collect();
        let place = |(x, y): Point| {
            (
                self.left + x * (self.right - self.left),
                self.bottom - y * (self.bottom - self.top),
            )
        };
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        let mut end: Option<Point> = None;
        for pair in shares.windows(2) {
            let Some((a, b)) = clip_segment(pair[0], pair[1]) else {
                end = None;
                continue;
            };
            match pieces.last_mut() {
                Some(piece) if end == Some(a) => piece.push(place(b)),
                _ => pieces.push(vec![place(a), place(b)]),
            }
            end = Some(b);
        }
        pieces
    }

    /// A vertical line over the whole height.
    pub fn upright(&self, picture: &mut Picture, x: f64, color: Color, width: f64) {
        if self.has_x(x) {
            let x = self.px(x);
            picture.line(vec![(x, self.top), (x, self.bottom)], color, 1.0, width);
        }
    }

    /// A dashed vertical line over the whole height.
    pub fn upright_dashed(&self, picture: &mut Picture, x: f64, color: Color) {
        if self.has_x(x) {
            let x = self.px(x);
            picture.dashed((x, self.top), (x, self.bottom), color, 1.4);
        }
    }

    /// A horizontal line over the whole width.
    pub fn level(&self, picture: &mut Picture, y: f64, color: Color, width: f64) {
        if self.has_y(y) {
            let y = self.py(y);
            picture.line(vec![(self.left, y), (self.right, y)], color, 1.0, width);
        }
    }

    /// A whisker from `low` to `high` at height `y` points.
    pub fn whisker(&self, picture: &mut Picture, low: f64, high: f64, y: f64, color: Color) {
        let (a, b) = (self.px(low), self.px(high));
        picture.line(vec![(a, y), (b, y)], color, 1.0, 2.0);
        for x in [a, b] {
            picture.line(vec![(x, y - 4.0), (x, y + 4.0)], color, 1.0, 1.5);
        }
    }
}

/// The part of a segment inside the unit square.
fn clip_segment(a: Point, b: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (run, from) in [(-dx, a.0), (dx, 1.0 - a.0), (-dy, a.1), (dy, 1.0 - a.1)] {
        if run == 0.0 {
            if from < 0.0 {
                return None;
            }
        } else if run < 0.0 {
            enter = enter.max(from / run);
        } else {
            leave = leave.min(from / run);
        }
    }
    if enter > leave {
        return None;
    }
    let along = |t: f64| {
        if t == 0.0 {
            a
        } else if t == 1.0 {
            b
        } else {
            (a.0 + t * dx, a.1 + t * dy)
        }
    };
    Some((along(enter), along(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            left: 50.0,
            top: 10.0,
            right: 150.0,
            bottom: 110.0,
            x: Scale::Linear {
                low: 0.0,
                high: 10.0,
            },
            y: Scale::Linear {
                low: 0.0,
                high: 10.0,
            },
        }
    }

    #[test]
    fn a_curve_that_leaves_and_returns_is_two_pieces() {
        let curve = [(0.0, 5.0), (2.0, 15.0), (4.0, 15.0), (6.0, 5.0), (8.0, 5.0)];
        let pieces = frame().clip(&curve);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0], [(50.0, 60.0), (60.0, 10.0)]);
        assert_eq!(pieces[1], [(100.0, 10.0), (110.0, 60.0), (130.0, 60.0)]);
        assert!(frame().clip(&[(0.0, f64::NAN), (1.0, 20.0)]).is_empty());
    }

    #[test]
    fn crowded_ticks_leave_labels_out() {
        let mut picture = Picture::new(200.0, 150.0);
        for value in 0..=100 {
            frame().x_tick(&mut picture, f64::from(value) / 10.0, "12.5");
        }
        let labels = picture.labels().count();
        assert!((2..=4).contains(&labels), "{labels}");
    }
}
