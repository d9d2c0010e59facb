//! The image-lane layout: `[channel][height + 2 border][width + 2 border][32 images]` with a zero border.
//!
//! Not responsible for what the numbers mean: activation codes (`u8`), training values (`f32`) and sums (`i32`) all use it.

use super::aligned::Aligned;

/// Images side by side in one block.
pub const LANES: usize = 32;

/// A block of 32 images of one tensor, each pixel's images contiguous, surrounded by `border` zero pixels.
#[derive(Clone)]
pub struct Lanes<T> {
    /// Channels.
    pub channels: usize,
    /// Rows of pixels without the border.
    pub height: usize,
    /// Columns of pixels without the border.
    pub width: usize,
    /// Zero pixels on each side.
    pub border: usize,
    /// The values, `[channel][y][x][lane]` including the border.
    pub values: Aligned<T>,
}

impl<T: bytemuck::Pod> Lanes<T> {
    /// A block of zeros.
    pub fn zeros(channels: usize, height: usize, width: usize, border: usize) -> Self {
        let len = channels * (height + 2 * border) * (width + 2 * border) * LANES;
        Lanes {
            channels,
            height,
            width,
            border,
            values: Aligned::zeros(len),
        }
    }

    /// Elements from one row of pixels to the next.
    pub fn row_stride(&self) -> usize {
        (self.width + 2 * self.border) * LANES
    }

    /// Elements from one channel to the next.
    pub fn channel_stride(&self) -> usize {
        (self.height + 2 * self.border) * self.row_stride()
    }

    /// Index of lane 0 of a pixel given without the border.
    pub fn at(&self, channel: usize, y: usize, x: usize) -> usize {
        channel * self.channel_stride()
            + (y + self.border) * self.row_stride()
            + (x + self.border) * LANES
    }

    /// The 32 images of one pixel.
    pub fn pixel(&self, channel: usize, y: usize, x: usize) -> &[T] {
        let at = self.at(channel, y, x);
        &self.values[at..at + LANES]
    }

    /// The 32 images of one pixel, to write.
    pub fn pixel_mut(&mut self, channel: usize, y: usize, x: usize) -> &mut [T] {
        let at = self.at(channel, y, x);
        &mut self.values[at..at + LANES]
    }

    /// The same pixels with another border width.
    pub fn with_border(&self, border: usize) -> Self {
        let mut other = Self::zeros(self.channels, self.height, self.width, border);
        let run = self.width * LANES;
        for channel in 0..self.channels {
            for y in 0..self.height {
                let (from, to) = (self.at(channel, y, 0), other.at(channel, y, 0));
                other.values[to..to + run].copy_from_slice(&self.values[from..from + run]);
            }
        }
        other
    }
}
