//! Drawing small pictures from distances: strokes, shapes and noise on a canvas of floats.
//!
//! Coverage of a pixel is its signed distance to the edge, clamped to one pixel, so edges are smooth without oversampling.
//! Not responsible for what is drawn (`digits`, `pictures`).

use rand::{Rng, RngExt};

/// A point or vector in pixels.
pub type Point = [f32; 2];

/// A canvas of `channels` planes.
pub struct Canvas {
    /// Edge in pixels.
    pub edge: usize,
    /// Brightness 0 to 1, `[channel][y][x]`.
    pub planes: Vec<Vec<f32>>,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn filled(edge: usize, colour: &[f32]) -> Self {
        Canvas {
            edge,
            planes: colour
                .iter()
                .map(|&value| vec![value; edge * edge])
                .collect(),
        }
    }

    /// Blends `colour` over every pixel with the opacity given for its centre.
    pub fn blend(&mut self, colour: &[f32], opacity: impl Fn(Point) -> f32) {
        for y in 0..self.edge {
            for x in 0..self.edge {
                let alpha = opacity([x as f32 + 0.5, y as f32 + 0.5]);
                if alpha > 0.0 {
                    for (plane, &value) in self.planes.iter_mut().zip(colour) {
                        let pixel = &mut plane[y * self.edge + x];
                        *pixel += alpha * (value - *pixel);
                    }
                }
            }
        }
    }

    /// Bytes `[channel][y][x]` after adding noise of this standard deviation (sum of four uniforms, close to normal).
    pub fn bytes(&self, sigma: f32, rng: &mut impl Rng) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.planes.len() * self.edge * self.edge);
        for &value in self.planes.iter().flatten() {
            let four = (0..4).map(|_| rng.random::<f32>()).sum::<f32>() - 2.0;
            bytes.push(((value + sigma * four * 1.732) * 255.0).clamp(0.0, 255.0) as u8);
        }
        bytes
    }
}

// The functions below are computed in f64 by portable code and rounded once, so that every machine draws the same bytes:
// shipped weights belong to exactly these images.

/// Length of a vector.
pub fn length(x: f32, y: f32) -> f32 {
    let (x, y) = (f64::from(x), f64::from(y));
    (x * x + y * y).sqrt() as f32
}

/// Angle of a vector.
pub fn direction(y: f32, x: f32) -> f32 {
    libm::atan2(f64::from(y), f64::from(x)) as f32
}

/// Sine.
pub fn sine(angle: f32) -> f32 {
    libm::sin(f64::from(angle)) as f32
}

/// Cosine.
pub fn cosine(angle: f32) -> f32 {
    libm::cos(f64::from(angle)) as f32
}

/// Sine and cosine.
pub fn sine_cosine(angle: f32) -> (f32, f32) {
    (sine(angle), cosine(angle))
}

/// Opacity at signed distance `d` from an edge (negative inside).
pub fn coverage(d: f32) -> f32 {
    (0.5 - d).clamp(0.0, 1.0)
}

/// Distance from a point to a segment.
pub fn segment(p: Point, a: Point, b: Point) -> f32 {
    let (pa, ba) = ([p[0] - a[0], p[1] - a[1]], [b[0] - a[0], b[1] - a[1]]);
    let squared = (ba[0] * ba[0] + ba[1] * ba[1]).max(1e-9);
    let t = ((pa[0] * ba[0] + pa[1] * ba[1]) / squared).clamp(0.0, 1.0);
    length(pa[0] - t * ba[0], pa[1] - t * ba[1])
}

/// Distance from a point to a polyline.
pub fn polyline(p: Point, points: &[Point]) -> f32 {
    points
        .windows(2)
        .map(|pair| segment(p, pair[0], pair[1]))
        .fold(f32::INFINITY, f32::min)
}

/// Uniform number between two ends.
pub fn between(low: f32, high: f32, rng: &mut impl Rng) -> f32 {
    low + (high - low) * rng.random::<f32>()
}
