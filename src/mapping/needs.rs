//! Which output pixels of the layer before must be stored before an output pixel of a layer can begin.
//!
//! Pixels are counted in raster order before pooling, so "the first n" says it all: the last one in the window of the kernel,
//! and of it the last one in its window of the pooling. Windows at the lower edge end in the same row of inputs, further left
//! with every row; as pixels are begun in order, none of them counts as needing less than the one before. Not responsible for
//! when they are stored (`cycle`).

use crate::net::network::Layer;

/// For each output pixel of `layer` (before pooling), how many leading output pixels (before pooling) of `before`.
pub fn needs(before: &Layer, layer: &Layer) -> Vec<u32> {
    let from = before.geometry.output();
    let geometry = &layer.geometry;
    let map = geometry.output();
    let pixels = map.height * map.width;
    if layer.linear || geometry.input.channels != from.channels {
        // Flattened: one window over everything.
        return vec![(from.height * from.width) as u32; pixels];
    }
    let pool = before.pool.unwrap_or(1);
    let last = |out: usize, size: usize| {
        let first = (out * geometry.stride) as isize - geometry.padding as isize;
        let last = first + geometry.kernel as isize - 1;
        let last = last.min(size as isize - 1);
        (last >= 0 && first < size as isize).then_some(last as usize)
    };
    let of = |pixel: usize| {
        let y = last(pixel / map.width, geometry.input.height);
        let x = last(pixel % map.width, geometry.input.width);
        // A window that lies in the padding altogether needs nothing.
        let (Some(y), Some(x)) = (y, x) else { return 0 };
        let (y, x) = ((y + 1) * pool - 1, (x + 1) * pool - 1);
        (y * from.width + x + 1) as u32
    };
    let mut most = 0;
    let in_order = |pixel| {
        most = of(pixel).max(most);
        most
    };
    (0..pixels).map(in_order).collect()
}
