//! The colours of every figure: the colour-blind-safe set of Okabe and Ito on neutral ink and paper.
//!
//! Shades are made by transparency over the paper, never by mixing, so that the same figure reads on light and dark
//! paper; [`ROLES`] names the colours a page may replace.

/// An opaque colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

/// Text and axes.
pub const INK: Color = Color(0x1B, 0x1F, 0x24);
/// Secondary text.
pub const MUTED: Color = Color(0x59, 0x63, 0x6E);
/// Grid lines.
pub const GRID: Color = Color(0xDD, 0xE2, 0xE7);
/// Background.
pub const PAPER: Color = Color(0xFF, 0xFF, 0xFF);
/// First data colour.
pub const BLUE: Color = Color(0x00, 0x72, 0xB2);
/// Second data colour.
pub const ORANGE: Color = Color(0xD8, 0x86, 0x00);
/// Errors and everything that limits.
pub const VERMILION: Color = Color(0xD5, 0x5E, 0x00);
/// The ideal, and everything that is well.
pub const GREEN: Color = Color(0x00, 0x8F, 0x68);
/// Third data colour.
pub const PURPLE: Color = Color(0xB0, 0x5C, 0x8C);

/// Fourth data colour.
pub const SKY: Color = Color(0x56, 0xB4, 0xE9);

/// Colours with the name of the style-sheet variable that may replace them in a page.
pub const ROLES: [(Color, &str); 10] = [
    (INK, "--ink"),
    (MUTED, "--muted"),
    (GRID, "--grid"),
    (PAPER, "--paper"),
    (BLUE, "--blue"),
    (ORANGE, "--orange"),
    (VERMILION, "--vermilion"),
    (GREEN, "--green"),
    (PURPLE, "--purple"),
    (SKY, "--sky"),
];

impl Color {
    /// `#RRGGBB`.
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.0, self.1, self.2)
    }
}

/// Opacity of a share on a logarithmic scale: `floor` and below are nearly paper, 1 is the full colour.
pub fn log_shade(share: f64, floor: f64) -> f64 {
    let decades = -floor.log10();
    let t = 1.0 + share.max(floor).min(1.0).log10() / decades;
    0.08 + 0.92 * t.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_grow_with_the_share_and_stay_visible() {
        let shades = [0.0, 1e-7, 1e-4, 1e-2, 1.0].map(|share| log_shade(share, 1e-6));
        assert!(shades.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!((shades[0] - 0.08).abs() < 1e-12 && (shades[4] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn hex_is_what_the_svg_backend_writes() {
        assert_eq!(BLUE.hex(), "#0072B2");
    }
}
