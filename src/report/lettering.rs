//! Text in bitmaps: glyph outlines of the embedded font placed to a fraction of a pixel, with kerning.
//!
//! Texts are painted after all other shapes. Only bitmaps need this; an SVG keeps its texts as texts.

use super::fonts;
use super::picture::{Align, Label};
use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};

/// Height of the middle of a capital above the base line, in font sizes.
const MIDDLE: f64 = 0.36;

/// An RGB image being lettered.
pub struct Canvas<'a> {
    /// Three bytes per pixel, row by row.
    pub rgb: &'a mut [u8],
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Pixels per point.
    pub scale: f64,
}

impl Canvas<'_> {
    /// Paints one label.
    pub fn letter(&mut self, label: &Label, font: &FontRef<'static>) {
        let size = label.size * self.scale * fonts::LINE_HEIGHT;
        let scaled = font.as_scaled(PxScale::from(size as f32));
        let glyphs = layout(&scaled, &label.text);
        let length = glyphs.last().map_or(0.0, |&(_, _, end)| f64::from(end));
        let start = match label.align {
            Align::Start => 0.0,
            Align::Middle => -length / 2.0,
            Align::End => -length,
        };
        let (x, y) = (label.at.0 * self.scale, label.at.1 * self.scale);
        let drop = MIDDLE * label.size * self.scale;
        for (id, pen, _) in glyphs {
            let along = start + f64::from(pen);
            let fraction = along - along.floor();
            let origin = point(fraction as f32, 0.0);
            let glyph = id.with_scale_and_position(PxScale::from(size as f32), origin);
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, cover| {
                let right = along.floor() + f64::from(corner.x) + f64::from(column);
                let down = drop + f64::from(corner.y) + f64::from(row);
                let (px, py) = if label.upwards {
                    (x + down, y - right)
                } else {
                    (x + right, y + down)
                };
                self.blend(px, py, label, cover);
            });
        }
    }

    fn blend(&mut self, x: f64, y: f64, label: &Label, cover: f32) {
        let (x, y) = (x.round(), y.round());
        if x < 0.0 || y < 0.0 || x >= self.width as f64 || y >= self.height as f64 {
            return;
        }
        let at = 3 * (y as usize * self.width + x as usize);
        let ink = [label.color.0, label.color.1, label.color.2];
        for (byte, ink) in self.rgb[at..at + 3].iter_mut().zip(ink) {
            let mixed = f32::from(*byte) + (f32::from(ink) - f32::from(*byte)) * cover.min(1.0);
            *byte = mixed.round() as u8;
        }
    }
}

/// Glyph, start and end of its advance, in pixels from the start of the text.
fn layout<F: Font, S: ScaleFont<F>>(font: &S, text: &str) -> Vec<(GlyphId, f32, f32)> {
    let mut pen = 0.0;
    let mut previous = None;
    text.chars()
        .map(|character| {
            let id = font.glyph_id(character);
            if let Some(before) = previous {
                pen += font.kern(before, id);
            }
            let start = pen;
            pen += font.h_advance(id);
            previous = Some(id);
            (id, start, pen)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inked(label: &Label) -> [usize; 4] {
        let mut rgb = vec![255u8; 3 * 200 * 100];
        let mut canvas = Canvas {
            rgb: &mut rgb,
            width: 200,
            height: 100,
            scale: 2.0,
        };
        canvas.letter(label, &fonts::outlines(false));
        let dark: Vec<(usize, usize)> = (0..200 * 100)
            .filter(|at| rgb[3 * at] < 128)
            .map(|at| (at % 200, at / 200))
            .collect();
        let xs = || dark.iter().map(|p| p.0);
        let ys = || dark.iter().map(|p| p.1);
        let ends = [xs().min(), ys().min(), xs().max(), ys().max()];
        ends.map(|end| end.expect("something is painted"))
    }

    #[test]
    fn a_label_is_painted_inside_its_bounds_and_centred() {
        for upwards in [false, true] {
            let mut label = Label::new("HHHH", (50.0, 25.0), 12.0).align(Align::Middle);
            label.upwards = upwards;
            let [left, top, right, bottom] = inked(&label).map(|pixel| pixel as f64 / 2.0);
            let bounds = label.bounds();
            assert!(left >= bounds[0] - 0.5 && right <= bounds[2] + 0.5);
            assert!(top >= bounds[1] - 0.5 && bottom <= bounds[3] + 0.5);
            assert!(((left + right) / 2.0 - 50.0).abs() < 1.2, "{left} {right}");
            assert!(((top + bottom) / 2.0 - 25.0).abs() < 1.2, "{top} {bottom}");
        }
    }
}
