//! Paints a [`Picture`] as SVG and as PNG through the same plotters calls.
//!
//! Both are painted on a grid of half points (`SCALE`), because plotters places shapes on whole units. PNG is painted
//! finer still and averaged down, which smooths every edge alike.

use super::error::ReportError;
use super::fonts;
use super::lettering::Canvas;
use super::palette::{Color, PAPER, ROLES};
use super::picture::{Align, Label, Picture, Point, Shape};
use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, RGBAColor, ShapeStyle, TextStyle};

/// Units per point in the files.
const SCALE: u32 = 2;
/// Extra resolution of the bitmap before it is averaged down.
const OVERSAMPLE: u32 = 2;

/// How one backend counts: units per point, and how it places texts.
struct Painter {
    units: f64,
    /// Font size this backend must be given for one point.
    font_factor: f64,
    /// Distance from the anchor this backend centres on to the middle of a capital, in font sizes.
    text_drop: f64,
    /// False if texts are painted afterwards by other means.
    with_texts: bool,
}

/// The picture as a stand-alone SVG document.
pub fn svg(picture: &Picture) -> Result<String, ReportError> {
    let size = pixels(picture, SCALE);
    let mut document = String::new();
    let painter = Painter {
        units: f64::from(SCALE),
        // The SVG backend divides the size by 1.24; the face is already a line height tall.
        font_factor: 1.24 / fonts::LINE_HEIGHT,
        text_drop: 0.09,
        with_texts: true,
    };
    {
        let mut backend = SVGBackend::with_string(&mut document, size);
        painter.paint(picture, &mut backend)?;
    }
    let written = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let points = format!("width=\"{}\" height=\"{}\"", picture.width, picture.height);
    Ok(document.replacen(&written, &points, 1))
}

/// The picture as SVG for use inside a page: colours become style-sheet variables, the page sets the size.
pub fn inline_svg(picture: &Picture, described_as: &str) -> Result<String, ReportError> {
    let mut document = svg(picture)?;
    for (color, name) in ROLES {
        let hex = color.hex();
        for attribute in ["fill", "stroke"] {
            document = document.replace(
                &format!("{attribute}=\"{hex}\""),
                &format!("{attribute}=\"var({name})\""),
            );
        }
    }
    let head = format!(
        "<svg role=\"img\" aria-label=\"{}\" style=\"max-width:{}px\"",
        super::html::escape(described_as),
        picture.width * 1.25,
    );
    let sized = format!("width=\"{}\" height=\"{}\" ", picture.width, picture.height);
    Ok(document
        .replacen("<svg", &head, 1)
        .replacen(&sized, "", 1)
        .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1))
}

/// The picture as a PNG file, two pixels per point.
pub fn png(picture: &Picture) -> Result<Vec<u8>, ReportError> {
    let (width, height) = pixels(picture, SCALE * OVERSAMPLE);
    let mut fine = vec![255u8; width as usize * height as usize * 3];
    let painter = Painter {
        units: f64::from(SCALE * OVERSAMPLE),
        font_factor: 1.0,
        text_drop: 0.0,
        with_texts: false,
    };
    {
        let mut backend = BitMapBackend::with_buffer(&mut fine, (width, height));
        painter.paint(picture, &mut backend)?;
    }
    letter(picture, &mut fine, width as usize, height as usize);
    let coarse = average(&fine, width as usize, height as usize, OVERSAMPLE as usize);
    encode(&coarse, width / OVERSAMPLE, height / OVERSAMPLE)
}

fn letter(picture: &Picture, rgb: &mut [u8], width: usize, height: usize) {
    let (regular, bold) = (fonts::outlines(false), fonts::outlines(true));
    let mut canvas = Canvas {
        rgb,
        width,
        height,
        scale: f64::from(SCALE * OVERSAMPLE),
    };
    for label in picture.labels() {
        canvas.letter(label, if label.bold { &bold } else { &regular });
    }
}

fn pixels(picture: &Picture, scale: u32) -> (u32, u32) {
    let count = |points: f64| points.ceil().max(1.0) as u32 * scale;
    (count(picture.width), count(picture.height))
}

/// Averages square blocks of an RGB image.
fn average(fine: &[u8], width: usize, height: usize, block: usize) -> Vec<u8> {
    let (columns, rows) = (width / block, height / block);
    let mut coarse = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            for channel in 0..3 {
                let mut sum = 0u32;
                for y in row * block..(row + 1) * block {
                    for x in column * block..(column + 1) * block {
                        sum += u32::from(fine[(y * width + x) * 3 + channel]);
                    }
                }
                coarse.push((sum / (block * block) as u32) as u8);
            }
        }
    }
    coarse
}

fn encode(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, ReportError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().map_err(ReportError::drawing)?;
    writer.write_image_data(rgb).map_err(ReportError::drawing)?;
    writer.finish().map_err(ReportError::drawing)?;
    Ok(file)
}

fn rgba(color: Color, opacity: f64) -> RGBAColor {
    RGBAColor(color.0, color.1, color.2, opacity)
}

impl Painter {
    fn paint<B: DrawingBackend>(
        &self,
        picture: &Picture,
        backend: &mut B,
    ) -> Result<(), ReportError> {
        let corner = self.place((picture.width, picture.height));
        let paper = rgba(PAPER, 1.0);
        backend
            .draw_rect((0, 0), corner, &paper, true)
            .map_err(ReportError::drawing)?;
        for shape in &picture.shapes {
            self.shape(shape, backend)?;
        }
        backend.present().map_err(ReportError::drawing)
    }

    fn place(&self, point: Point) -> (i32, i32) {
        let unit = |value: f64| (value * self.units).round() as i32;
        (unit(point.0), unit(point.1))
    }

    fn shape<B: DrawingBackend>(&self, shape: &Shape, backend: &mut B) -> Result<(), ReportError> {
        match shape {
            Shape::Fill {
                points,
                color,
                opacity,
            } => self.fill(points, &rgba(*color, *opacity), backend),
            Shape::Line {
                points,
                color,
                opacity,
                width,
            } => {
                let style = self.stroke(*color, *opacity, *width);
                backend
                    .draw_path(points.iter().map(|&point| self.place(point)), &style)
                    .map_err(ReportError::drawing)
            }
            Shape::Dot {
                center,
                radius,
                color,
                opacity,
                filled,
            } => {
                let style = self.stroke(*color, *opacity, 1.5);
                let radius = (radius * self.units).round() as u32;
                backend
                    .draw_circle(self.place(*center), radius, &style, *filled)
                    .map_err(ReportError::drawing)
            }
            Shape::Text(label) if self.with_texts => self.text(label, backend),
            Shape::Text(_) => Ok(()),
        }
    }

    fn stroke(&self, color: Color, opacity: f64, width: f64) -> ShapeStyle {
        ShapeStyle {
            color: rgba(color, opacity),
            filled: false,
            stroke_width: (width * self.units).round().max(1.0) as u32,
        }
    }

    /// Rectangles go through the rectangle call: it is exact, and short in SVG.
    fn fill<B: DrawingBackend>(
        &self,
        points: &[Point],
        color: &RGBAColor,
        backend: &mut B,
    ) -> Result<(), ReportError> {
        match points {
            [a, b, c, d] if a.1 == b.1 && b.0 == c.0 && c.1 == d.1 && d.0 == a.0 => {
                let (left, right) = (a.0.min(c.0), a.0.max(c.0));
                let (top, bottom) = (a.1.min(c.1), a.1.max(c.1));
                backend.draw_rect(
                    self.place((left, top)),
                    self.place((right, bottom)),
                    color,
                    true,
                )
            }
            _ => backend.fill_polygon(points.iter().map(|&point| self.place(point)), color),
        }
        .map_err(ReportError::drawing)
    }

    fn text<B: DrawingBackend>(&self, label: &Label, backend: &mut B) -> Result<(), ReportError> {
        let h_pos = match label.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let drop = self.text_drop * label.size;
        let (turn, at) = if label.upwards {
            (FontTransform::Rotate270, (label.at.0 + drop, label.at.1))
        } else {
            (FontTransform::None, (label.at.0, label.at.1 + drop))
        };
        let size = label.size * self.units * self.font_factor;
        let color = rgba(label.color, 1.0);
        let style = TextStyle::from(fonts::face(size, label.bold).transform(turn))
            .color(&color)
            .pos(Pos::new(h_pos, VPos::Center));
        backend
            .draw_text(&label.text, &style, self.place(at))
            .map_err(ReportError::drawing)
    }
}
