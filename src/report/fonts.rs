//! The font of every figure: a DejaVu Sans subset carried inside the program, so that no system font is needed.
//!
//! Covers Latin-1, Greek, super- and subscripts and a few mathematical signs. Licence: assets/fonts/LICENSE-DejaVu.txt.

use ab_glyph::FontRef;
use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::OnceLock;

/// Name written into SVG files: the embedded font where it is installed, else one of equal width, else any.
pub const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// Ascent plus descent of the embedded font in units of its size: rasterizers take this height as the size.
pub const LINE_HEIGHT: f64 = 2384.0 / 2048.0;

static REGULAR: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-subset.ttf");
static BOLD: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Bold-subset.ttf");

/// Registers the embedded font once; every painter calls it.
pub fn init() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            assert!(
                register_font(FAMILY, style, bytes).is_ok(),
                "the embedded font is valid"
            );
        }
    });
}

/// The embedded face at a size that rasterizers understand as `size` points.
pub fn face(size: f64, bold: bool) -> FontDesc<'static> {
    init();
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    FontDesc::new(FontFamily::Name(FAMILY), size * LINE_HEIGHT, style)
}

/// The outlines of the embedded face.
pub fn outlines(bold: bool) -> FontRef<'static> {
    let bytes = if bold { BOLD } else { REGULAR };
    FontRef::try_from_slice(bytes).expect("the embedded font is valid")
}

/// Width of a text in points.
pub fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    // Measured large because the layout is rounded to whole units.
    const MEASURE: f64 = 100.0;
    let width = face(MEASURE, bold)
        .layout_box(text)
        .map_or(0.6 * MEASURE * text.chars().count() as f64, |layout| {
            f64::from(layout.1.0 - layout.0.0)
        });
    width * size / MEASURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_scale_with_size_and_bold_is_wider() {
        let narrow = text_width("bit line current (µA) σ ≤ 10⁻³", 12.0, false);
        assert!(
            (text_width("bit line current (µA) σ ≤ 10⁻³", 24.0, false) / narrow - 2.0).abs() < 0.01
        );
        assert!(text_width("bit line current (µA) σ ≤ 10⁻³", 12.0, true) > narrow);
        assert_eq!(text_width("", 12.0, false), 0.0);
    }
}
