//! The built-in pictures: 32 x 32 in colour, ten classes of shapes with random colours, turns, clutter, occlusion and noise.
//!
//! Colour carries no information about the class, so a network has to see form. Made to be learnable to about 95 % and to
//! suffer from a bad ADC. Changing anything here invalidates shipped weights.

use super::raster::{
    Canvas, Point, between, cosine, coverage, direction, length, polyline, segment, sine,
    sine_cosine,
};
use crate::rng::{Purpose, keyed};
use rand::{Rng, RngExt};
use std::f32::consts::PI;

/// Classes in label order.
pub const CLASSES: [&str; 10] = [
    "disc", "ring", "square", "frame", "triangle", "cross", "star", "stripes", "checks", "crescent",
];

const EDGE: usize = 32;
const SEED: u64 = 0x91C7_0E55;

/// Pixels and label of an image of a part (0 training, 1 test).
pub fn draw(part: u64, index: u64) -> (Vec<u8>, u8) {
    let mut rng = keyed(SEED, Purpose::Data, &[1, part, index]);
    let class = (index % 10) as u8;
    let ground = colour(&mut rng);
    let mut canvas = Canvas::filled(EDGE, &ground);
    let (other, angle) = (colour(&mut rng), between(0.0, 2.0 * PI, &mut rng));
    canvas.blend(&other, |p| {
        0.5 * (0.5 + ((p[0] - 16.0) * cosine(angle) + (p[1] - 16.0) * sine(angle)) / 32.0)
            .clamp(0.0, 1.0)
    });
    clutter(&mut canvas, &mut rng);
    let ink = distinct(&ground, &mut rng);
    let place = Place::random(&mut rng);
    canvas.blend(&ink, |p| {
        coverage(place.radius * shape(class, place.local(p)))
    });
    if rng.random_bool(0.3) {
        let bar = colour(&mut rng);
        let a = [between(0.0, 32.0, &mut rng), 0.0];
        let b = [between(0.0, 32.0, &mut rng), 32.0];
        let turned = rng.random_bool(0.5);
        let flip = |p: Point| if turned { [p[1], p[0]] } else { p };
        canvas.blend(&bar, |p| coverage(segment(flip(p), a, b) - 1.2));
    }
    (canvas.bytes(0.08, &mut rng), class)
}

fn colour(rng: &mut impl Rng) -> [f32; 3] {
    [0; 3].map(|_| between(0.1, 0.9, rng))
}

/// A colour that can be told from the ground, not necessarily easily.
fn distinct(ground: &[f32; 3], rng: &mut impl Rng) -> [f32; 3] {
    let mut ink = colour(rng);
    while ink
        .iter()
        .zip(ground)
        .map(|(a, b)| (a - b).abs())
        .sum::<f32>()
        < 0.6
    {
        ink = colour(rng);
    }
    ink
}

fn clutter(canvas: &mut Canvas, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..4) {
        let paint = colour(rng);
        let at = [between(0.0, 32.0, rng), between(0.0, 32.0, rng)];
        if rng.random_bool(0.5) {
            let radius = between(1.0, 3.0, rng);
            canvas.blend(&paint, |p| {
                coverage(length(p[0] - at[0], p[1] - at[1]) - radius)
            });
        } else {
            let end = [
                at[0] + between(-9.0, 9.0, rng),
                at[1] + between(-9.0, 9.0, rng),
            ];
            canvas.blend(&paint, |p| coverage(polyline(p, &[at, end]) - 0.7));
        }
    }
}

/// Where a shape lies: centre, radius, turn.
struct Place {
    centre: Point,
    radius: f32,
    sin: f32,
    cos: f32,
}

impl Place {
    fn random(rng: &mut impl Rng) -> Self {
        let radius = between(7.0, 12.0, rng);
        let centre = [0; 2].map(|_| 16.0 + between(-3.0, 3.0, rng));
        let (sin, cos) = sine_cosine(between(-0.8, 0.8, rng));
        Place {
            centre,
            radius,
            sin,
            cos,
        }
    }

    /// Coordinates in units of the radius, turned.
    fn local(&self, p: Point) -> Point {
        let (x, y) = (
            (p[0] - self.centre[0]) / self.radius,
            (p[1] - self.centre[1]) / self.radius,
        );
        [self.cos * x + self.sin * y, self.cos * y - self.sin * x]
    }
}

/// Signed distance (about) to the edge of a shape of radius 1, negative inside.
fn shape(class: u8, p: Point) -> f32 {
    let disc = length(p[0], p[1]) - 1.0;
    let square = p[0].abs().max(p[1].abs()) - 0.85;
    match class {
        0 => disc,
        1 => (disc + 0.25).abs() - 0.25,
        2 => square,
        3 => (square + 0.2).abs() - 0.2,
        4 => (p[1] - 0.6).max(0.866 * p[0].abs() - 0.5 * p[1] - 0.6),
        5 => (p[0].abs().min(p[1].abs()) - 0.25).max(square - 0.1),
        6 => star(p),
        7 => disc.max(
            0.25 - (p[1] * 1.6)
                .rem_euclid(1.0)
                .min(1.0 - (p[1] * 1.6).rem_euclid(1.0)),
        ),
        8 => square.max(checks(p)),
        _ => disc.max(0.85 - length(p[0] - 0.5, p[1])),
    }
}

/// Five points: the radius swings with the angle.
fn star(p: Point) -> f32 {
    let angle = direction(p[1], p[0]);
    let swing = sine(2.5 * angle).abs();
    length(p[0], p[1]) - (1.1 - 0.65 * swing)
}

/// Negative on the dark squares of a board with three squares to the side.
fn checks(p: Point) -> f32 {
    let wave = |x: f32| cosine(x * PI * 1.75);
    -0.3 * wave(p[0]) * wave(p[1])
}
