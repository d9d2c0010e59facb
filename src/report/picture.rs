//! A figure as a list of shapes in points, independent of the file format it ends in.
//!
//! Figures are drawn once into a [`Picture`]; [`super::render`] paints the same shapes as SVG and as PNG. Because texts
//! are data here, a test can check that no two of them overlap and that none leaves the page.

use super::fonts;
use super::palette::{Color, GRID, INK};

/// Position in points, x to the right, y down.
pub type Point = (f64, f64);

/// Where a text's anchor point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The text begins at the point.
    Start,
    /// The point is the middle of the text.
    Middle,
    /// The text ends at the point.
    End,
}

/// One line of text, vertically centred on its anchor point.
#[derive(Clone, Debug)]
pub struct Label {
    /// What it says.
    pub text: String,
    /// Anchor.
    pub at: Point,
    /// Font size in points.
    pub size: f64,
    /// Bold face.
    pub bold: bool,
    /// Colour.
    pub color: Color,
    /// Horizontal alignment (along the text).
    pub align: Align,
    /// True if the text runs upwards.
    pub upwards: bool,
}

impl Label {
    /// A label in ink, regular, starting at the point.
    pub fn new(text: impl Into<String>, at: Point, size: f64) -> Self {
        Self {
            text: text.into(),
            at,
            size,
            bold: false,
            color: INK,
            align: Align::Start,
            upwards: false,
        }
    }

    /// Same with another alignment.
    pub fn align(mut self, align: Align) -> Self {
        self.align = align;
        self
    }

    /// Same in another colour.
    pub fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// Same in bold.
    pub fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// Same, running upwards.
    pub fn upwards(mut self) -> Self {
        self.upwards = true;
        self
    }

    /// Left, top, right, bottom of the ink, in points.
    pub fn bounds(&self) -> [f64; 4] {
        let width = fonts::text_width(&self.text, self.size, self.bold);
        let (before, after) = match self.align {
            Align::Start => (0.0, width),
            Align::Middle => (width / 2.0, width / 2.0),
            Align::End => (width, 0.0),
        };
        let half = 0.5 * self.size;
        let (x, y) = self.at;
        if self.upwards {
            [x - half, y - after, x + half, y + before]
        } else {
            [x - before, y - half, x + after, y + half]
        }
    }
}

/// One thing to paint.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Filled polygon.
    Fill {
        /// Corners.
        points: Vec<Point>,
        /// Colour.
        color: Color,
        /// 0 invisible, 1 opaque.
        opacity: f64,
    },
    /// Polyline.
    Line {
        /// Corners.
        points: Vec<Point>,
        /// Colour.
        color: Color,
        /// 0 invisible, 1 opaque.
        opacity: f64,
        /// Width in points.
        width: f64,
    },
    /// Filled or hollow circle.
    Dot {
        /// Centre.
        center: Point,
        /// Radius in points.
        radius: f64,
        /// Colour.
        color: Color,
        /// 0 invisible, 1 opaque.
        opacity: f64,
        /// False for a ring.
        filled: bool,
    },
    /// Text.
    Text(Label),
}

/// A page of shapes, painted in order.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Width in points.
    pub width: f64,
    /// Height in points.
    pub height: f64,
    /// Shapes, back to front.
    pub shapes: Vec<Shape>,
}

impl Picture {
    /// An empty page.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            shapes: Vec::new(),
        }
    }

    /// Fills the rectangle between two corners.
    pub fn rect(&mut self, a: Point, b: Point, color: Color, opacity: f64) {
        self.fill(vec![a, (b.0, a.1), b, (a.0, b.1)], color, opacity);
    }

    /// Outlines the rectangle between two corners.
    pub fn outline(&mut self, a: Point, b: Point, color: Color, width: f64) {
        self.line(vec![a, (b.0, a.1), b, (a.0, b.1), a], color, 1.0, width);
    }

    /// Fills a polygon.
    pub fn fill(&mut self, points: Vec<Point>, color: Color, opacity: f64) {
        self.shapes.push(Shape::Fill {
            points,
            color,
            opacity,
        });
    }

    /// Draws a polyline; fewer than two points draw nothing.
    pub fn line(&mut self, points: Vec<Point>, color: Color, opacity: f64, width: f64) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line {
                points,
                color,
                opacity,
                width,
            });
        }
    }

    /// Draws one straight dashed line.
    pub fn dashed(&mut self, a: Point, b: Point, color: Color, width: f64) {
        const DASH: f64 = 5.0;
        const GAP: f64 = 3.5;
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        let along = |t: f64| {
            let share = (t / length).min(1.0);
            (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
        };
        let mut t = 0.0;
        while t < length {
            self.line(vec![along(t), along(t + DASH)], color, 1.0, width);
            t += DASH + GAP;
        }
    }

    /// Draws a filled circle.
    pub fn dot(&mut self, center: Point, radius: f64, color: Color, opacity: f64) {
        self.shapes.push(Shape::Dot {
            center,
            radius,
            color,
            opacity,
            filled: true,
        });
    }

    /// Draws a ring.
    pub fn ring(&mut self, center: Point, radius: f64, color: Color) {
        self.shapes.push(Shape::Dot {
            center,
            radius,
            color,
            opacity: 1.0,
            filled: false,
        });
    }

    /// Writes a text.
    pub fn text(&mut self, label: Label) {
        if !label.text.is_empty() {
            self.shapes.push(Shape::Text(label));
        }
    }

    /// All texts.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(label) => Some(label),
            _ => None,
        })
    }

    /// True if a label would cover none of the texts drawn so far.
    pub fn is_free(&self, label: &Label) -> bool {
        let mine = label.bounds();
        self.labels().all(|other| !overlap(mine, other.bounds()))
    }

    /// True if a label would cover no text, no dot and no line other than the grid's.
    pub fn is_clear(&self, label: &Label) -> bool {
        let [left, top, right, bottom] = label.bounds();
        let mine = [left - 2.0, top - 2.0, right + 2.0, bottom + 2.0];
        self.shapes.iter().all(|shape| match shape {
            Shape::Text(other) => !overlap(mine, other.bounds()),
            Shape::Dot { center, radius, .. } => {
                let (x, y) = *center;
                !overlap(mine, [x - radius, y - radius, x + radius, y + radius])
            }
            Shape::Line { points, color, .. } => {
                *color == GRID
                    || points
                        .windows(2)
                        .all(|ends| !crosses(mine, ends[0], ends[1]))
            }
            Shape::Fill { .. } => true,
        })
    }

    /// Writes a text at the first of several anchors where it covers nothing and returns that anchor.
    pub fn text_where_clear(&mut self, label: Label, anchors: &[Point]) -> Option<Point> {
        let found = anchors.iter().find_map(|&at| {
            let mut moved = label.clone();
            moved.at = at;
            self.is_clear(&moved).then_some(moved)
        })?;
        let at = found.at;
        self.text(found);
        Some(at)
    }

    /// Writes a text only where no other text stands; true if it was written.
    pub fn text_if_free(&mut self, label: Label) -> bool {
        let free = self.is_free(&label);
        if free {
            self.text(label);
        }
        free
    }
}

/// True if a straight line enters a box.
fn crosses(mine: [f64; 4], a: Point, b: Point) -> bool {
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (from, run, low, high) in [
        (a.0, b.0 - a.0, mine[0], mine[2]),
        (a.1, b.1 - a.1, mine[1], mine[3]),
    ] {
        if run == 0.0 {
            if from <= low || from >= high {
                return false;
            }
        } else {
            let (s, t) = ((low - from) / run, (high - from) / run);
            enter = enter.max(s.min(t));
            leave = leave.min(s.max(t));
        }
    }
    enter < leave
}

/// True if two boxes (left, top, right, bottom) share area.
pub fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_text_at_the_same_place_is_refused() {
        let mut picture = Picture::new(100.0, 50.0);
        assert!(picture.text_if_free(Label::new("12", (10.0, 10.0), 12.0)));
        assert!(!picture.text_if_free(Label::new("13", (12.0, 10.0), 12.0)));
        assert!(picture.text_if_free(Label::new("14", (60.0, 10.0), 12.0)));
        assert_eq!(picture.labels().count(), 2);
    }

    #[test]
    fn a_text_keeps_clear_of_curves() {
        let mut picture = Picture::new(100.0, 50.0);
        picture.line(vec![(0.0, 0.0), (100.0, 50.0)], INK, 1.0, 1.0);
        let label = Label::new("on it", (0.0, 0.0), 8.0);
        let placed = picture.text_where_clear(label.clone(), &[(40.0, 25.0), (5.0, 40.0)]);
        assert_eq!(placed, Some((5.0, 40.0)));
        assert_eq!(picture.text_where_clear(label, &[(50.0, 25.0)]), None);
    }

    #[test]
    fn alignment_moves_the_box() {
        let label = Label::new("abc", (50.0, 20.0), 10.0);
        let width = label.bounds()[2] - 50.0;
        assert!(width > 10.0 && width < 30.0);
        let end = label.clone().align(Align::End).bounds();
        assert!((end[2] - 50.0).abs() < 1e-9 && (end[0] - (50.0 - width)).abs() < 1e-9);
        let up = label.upwards().bounds();
        assert!((up[1] - (20.0 - width)).abs() < 1e-9);
    }
}
