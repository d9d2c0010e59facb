//! The built-in digits: 28 x 28, ten classes, drawn from strokes with random slant, size, thickness, clutter and noise.
//!
//! Made to be learnable to about 95 % and to suffer from a bad ADC. Changing anything here invalidates shipped weights.

use super::raster::{Canvas, Point, between, cosine, coverage, polyline, sine, sine_cosine};
use crate::rng::{Purpose, keyed};
use rand::{Rng, RngExt};
use std::f32::consts::PI;

/// Classes in label order.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

const EDGE: usize = 28;
const SEED: u64 = 0x0D16_1750;

/// Pixels and label of an image of a part (0 training, 1 test).
pub fn draw(part: u64, index: u64) -> (Vec<u8>, u8) {
    let mut rng = keyed(SEED, Purpose::Data, &[0, part, index]);
    let digit = (index % 10) as u8;
    let ground = between(0.0, 0.2, &mut rng);
    let mut canvas = Canvas::filled(EDGE, &[ground]);
    for _ in 0..rng.random_range(1..4) {
        let start = [between(0.0, 28.0, &mut rng), between(0.0, 28.0, &mut rng)];
        let end = [
            start[0] + between(-8.0, 8.0, &mut rng),
            start[1] + between(-8.0, 8.0, &mut rng),
        ];
        let ink = between(0.3, 0.9, &mut rng);
        canvas.blend(&[ink], |p| coverage(polyline(p, &[start, end]) - 0.8));
    }
    let strokes = placed(digit, &mut rng);
    let (ink, half) = (between(0.5, 0.95, &mut rng), between(0.7, 1.7, &mut rng));
    canvas.blend(&[ink], |p| {
        let near = strokes
            .iter()
            .map(|stroke| polyline(p, stroke))
            .fold(f32::INFINITY, f32::min);
        coverage(near - half)
    });
    (canvas.bytes(0.16, &mut rng), digit)
}

/// The strokes of a digit under a random affine map, in pixels.
fn placed(digit: u8, rng: &mut impl Rng) -> Vec<Vec<Point>> {
    let (angle, slant) = (between(-0.45, 0.45, rng), between(-0.4, 0.4, rng));
    let (wide, high) = (between(4.5, 8.0, rng), between(6.0, 10.0, rng));
    let centre = [
        14.0 + between(-3.0, 3.0, rng),
        14.0 + between(-2.5, 2.5, rng),
    ];
    let (sin, cos) = sine_cosine(angle);
    let wobble = 0.12;
    let mut map = |p: &Point| {
        let (x, y) = (
            p[0] + between(-wobble, wobble, rng),
            p[1] + between(-wobble, wobble, rng),
        );
        let (x, y) = ((x + slant * y) * wide, y * high);
        [centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y]
    };
    strokes(digit)
        .iter()
        .map(|stroke| stroke.iter().map(&mut map).collect())
        .collect()
}

/// Points of an arc about `centre`; angles in turns, clockwise from the right (y points down).
fn arc(centre: Point, radius: Point, from: f32, to: f32) -> Vec<Point> {
    let at = |k: usize| {
        let angle = 2.0 * PI * (from + (to - from) * k as f32 / 10.0);
        [
            centre[0] + radius[0] * cosine(angle),
            centre[1] + radius[1] * sine(angle),
        ]
    };
    (0..=10).map(at).collect()
}

/// Strokes in the box -1..1, y down.
fn strokes(digit: u8) -> Vec<Vec<Point>> {
    match digit {
        0 => vec![arc([0.0, 0.0], [0.8, 1.0], 0.0, 1.0)],
        1 => vec![vec![[-0.4, -0.6], [0.1, -1.0], [0.1, 1.0]]],
        2 => vec![
            [
                arc([0.0, -0.45], [0.75, 0.55], -0.5, 0.1),
                vec![[-0.8, 1.0], [0.8, 1.0]],
            ]
            .concat(),
        ],
        3 => vec![
            arc([-0.1, -0.5], [0.75, 0.5], -0.45, 0.25),
            arc([-0.1, 0.5], [0.85, 0.5], -0.25, 0.45),
        ],
        4 => vec![vec![[0.35, 1.0], [0.35, -1.0], [-0.8, 0.35], [0.85, 0.35]]],
        5 => vec![
            vec![[0.7, -1.0], [-0.6, -1.0], [-0.7, -0.1]],
            arc([-0.05, 0.4], [0.8, 0.6], -0.35, 0.4),
        ],
        6 => vec![
            vec![[0.5, -1.0], [-0.35, -0.3], [-0.7, 0.4]],
            arc([0.0, 0.45], [0.7, 0.55], 0.0, 1.0),
        ],
        7 => vec![vec![[-0.8, -1.0], [0.8, -1.0], [-0.2, 1.0]]],
        8 => vec![
            arc([0.0, -0.5], [0.6, 0.5], 0.0, 1.0),
            arc([0.0, 0.5], [0.75, 0.5], 0.0, 1.0),
        ],
        _ => vec![
            arc([0.0, -0.45], [0.7, 0.55], 0.0, 1.0),
            vec![[0.7, -0.4], [0.5, 0.4], [0.1, 1.0]],
        ],
    }
}
