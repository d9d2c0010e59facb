//! The image-lane layout: `[channel][height + 2 border][width + 2 border][32 images]` with a zero border.
//!
//! Not responsible for what the numbers mean: activation codes (`u8`), training values (`f32`) and sums (`i32`) all use it.

use super::aligned::Aligned;
use rayon::prelude::*;

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
        Self::of((channels, height, width, border), Aligned::zeros)
    }

    /// A block whose border is zero and whose pixels hold anything, for a caller that writes every pixel.
    pub fn unset(channels: usize, height: usize, width: usize, border: usize) -> Self {
        let mut block = Self::of((channels, height, width, border), Aligned::unset);
        block.clear_border();
        block
    }

    fn of(shape: (usize, usize, usize, usize), values: impl Fn(usize) -> Aligned<T>) -> Self {
        let (channels, height, width, border) = shape;
        Lanes {
            channels,
            height,
            width,
            border,
            values: values(channels * (height + 2 * border) * (width + 2 * border) * LANES),
        }
    }

    fn clear_border(&mut self) {
        if self.border == 0 {
            return;
        }
        let (stride, line) = (self.channel_stride(), self.row_stride());
        let (rim, side) = (self.border * line, self.border * LANES);
        let zero = T::zeroed();
        for plane in self.values.chunks_exact_mut(stride) {
            plane[..rim].fill(zero);
            plane[stride - rim..].fill(zero);
            for row in plane[rim..stride - rim].chunks_exact_mut(line) {
                row[..side].fill(zero);
                row[line - side..].fill(zero);
            }
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
}

impl<T: bytemuck::Pod + Send + Sync> Lanes<T> {
    /// The same pixels with another border width.
    pub fn with_border(&self, border: usize) -> Self {
        let mut other = Self::unset(self.channels, self.height, self.width, border);
        let (run, stride, line) = (
            self.width * LANES,
            other.channel_stride(),
            other.row_stride(),
        );
        let channels = other.values.par_chunks_mut(stride).enumerate();
        channels.for_each(|(channel, plane)| {
            for y in 0..self.height {
                let (from, to) = (self.at(channel, y, 0), (y + border) * line + border * LANES);
                plane[to..to + run].copy_from_slice(&self.values[from..from + run]);
            }
        });
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unset_block_has_a_border_of_zeros() {
        let mut block = Lanes::<f32>::unset(2, 3, 4, 2);
        for (channel, y, x) in (0..24).map(|i| (i / 12, i / 4 % 3, i % 4)) {
            block.pixel_mut(channel, y, x).fill(1.0);
        }
        // What is left is the border, whatever the memory held.
        assert_eq!(block.values.iter().sum::<f32>(), (24 * LANES) as f32);
        let tight = block.with_border(0);
        assert_eq!(tight.values.len(), 24 * LANES);
        assert!(tight.values.iter().all(|&value| value == 1.0));
        let wide = tight.with_border(3);
        assert_eq!(wide.values.iter().sum::<f32>(), (24 * LANES) as f32);
        assert_eq!(wide.pixel(1, 2, 3), block.pixel(1, 2, 3));
    }
}
