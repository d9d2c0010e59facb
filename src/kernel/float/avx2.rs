//! The three convolution passes in `f32` on 256-bit vectors with fused multiply-add.
//!
//! Forward: a register tile of up to 6 outputs x 16 images runs over all rows of the weight matrix. The pass back to the input
//! is the same loop on flipped, transposed weights (stride 1). The pass to the weights keeps a tile of 4 outputs x 3 rows and
//! runs over pixels and images. Every sum has one fixed order. Scalar definition: [`super::reference`].

use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::Geometry;
use rayon::prelude::*;
use std::arch::x86_64::*;

/// Outputs per register tile of the forward pass.
const TILE: usize = 6;

/// True if this processor runs these kernels.
pub fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Forward pass of a batch.
pub fn forward(
    inputs: &[Lanes<f32>],
    weights: &[f32],
    geometry: &Geometry,
    outputs: &mut [Lanes<f32>],
) {
    let rows = geometry.rows();
    let packed: Vec<Vec<f32>> = weights
        .par_chunks(TILE * rows)
        .map(|tile| pack(tile, rows))
        .collect();
    outputs
        .par_iter_mut()
        .zip(inputs)
        .for_each(|(output, input)| {
            let wide =
                (input.border < geometry.padding).then(|| input.with_border(geometry.padding));
            convolve(wide.as_ref().unwrap_or(input), &packed, geometry, output);
        });
}

/// Rows of one tile of outputs, outputs side by side.
fn pack(tile: &[f32], rows: usize) -> Vec<f32> {
    let outputs = tile.len() / rows;
    let mut packed = vec![0.0; tile.len()];
    for output in 0..outputs {
        for row in 0..rows {
            packed[row * outputs + output] = tile[output * rows + row];
        }
    }
    packed
}

fn row_offsets(geometry: &Geometry, input: &Lanes<f32>) -> Vec<usize> {
    let edge = geometry.kernel;
    let offset = |row: usize| {
        let (channel, tap) = (row / (edge * edge), row % (edge * edge));
        channel * input.channel_stride() + tap / edge * input.row_stride() + tap % edge * LANES
    };
    (0..geometry.rows()).map(offset).collect()
}

fn convolve(input: &Lanes<f32>, packed: &[Vec<f32>], geometry: &Geometry, output: &mut Lanes<f32>) {
    let offsets = row_offsets(geometry, input);
    let map = geometry.output();
    let shift = input.border - geometry.padding;
    let stride = output.channel_stride();
    let first = output.border * output.row_stride() + output.border * LANES;
    let line = output.row_stride();
    let tiles = output.values.par_chunks_mut(TILE * stride).zip(packed);
    tiles.for_each(|(plane, weights)| {
        let count = plane.len() / stride;
        for y in 0..map.height {
            for x in 0..map.width {
                let corner = (y * geometry.stride + shift) * input.row_stride()
                    + (x * geometry.stride + shift) * LANES;
                let at = first + y * line + x * LANES;
                // SAFETY: `corner + offset + LANES` lies inside `input` because the border covers the padding (checked by
                // the caller), `at + output * stride + LANES` inside `plane`; AVX2 and FMA were detected.
                unsafe {
                    let from = input.values.as_ptr().add(corner);
                    let to = plane.as_mut_ptr().add(at);
                    match count {
                        6 => tile::<6>(from, &offsets, weights.as_ptr(), to, stride),
                        5 => tile::<5>(from, &offsets, weights.as_ptr(), to, stride),
                        4 => tile::<4>(from, &offsets, weights.as_ptr(), to, stride),
                        3 => tile::<3>(from, &offsets, weights.as_ptr(), to, stride),
                        2 => tile::<2>(from, &offsets, weights.as_ptr(), to, stride),
                        _ => tile::<1>(from, &offsets, weights.as_ptr(), to, stride),
                    }
                }
            }
        }
    });
}

/// `OUTPUTS` outputs of one pixel, 32 images.
///
/// # Safety
/// Pointers must be readable (writable) at every offset used; AVX2 and FMA must be available.
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const OUTPUTS: usize>(
    from: *const f32,
    offsets: &[usize],
    weights: *const f32,
    to: *mut f32,
    stride: usize,
) {
    for half in 0..2 {
        let mut sums = [[_mm256_setzero_ps(); 2]; OUTPUTS];
        let mut weight = weights;
        for &offset in offsets {
            // SAFETY: promised by the caller.
            unsafe {
                let pixel = from.add(offset + 16 * half);
                let (low, high) = (_mm256_loadu_ps(pixel), _mm256_loadu_ps(pixel.add(8)));
                for (k, sum) in sums.iter_mut().enumerate() {
                    let w = _mm256_broadcast_ss(&*weight.add(k));
                    sum[0] = _mm256_fmadd_ps(w, low, sum[0]);
                    sum[1] = _mm256_fmadd_ps(w, high, sum[1]);
                }
                weight = weight.add(OUTPUTS);
            }
        }
        for (k, sum) in sums.iter().enumerate() {
            // SAFETY: promised by the caller.
            unsafe {
                let out = to.add(k * stride + 16 * half);
                _mm256_storeu_ps(out, sum[0]);
                _mm256_storeu_ps(out.add(8), sum[1]);
            }
        }
    }
}

/// Gradient in the input, stride 1: convolution of the output gradient with flipped, transposed weights.
pub fn backward_input(
    grad_outputs: &[Lanes<f32>],
    weights: &[f32],
    geometry: &Geometry,
    grad_inputs: &mut [Lanes<f32>],
) {
    let (edge, channels, rows) = (geometry.kernel, geometry.input.channels, geometry.rows());
    let taps = edge * edge;
    let mut flipped = vec![0.0; weights.len()];
    flipped
        .par_chunks_mut(geometry.outputs * taps)
        .enumerate()
        .for_each(|(channel, row)| {
            for output in 0..geometry.outputs {
                for tap in 0..taps {
                    row[output * taps + taps - 1 - tap] =
                        weights[output * rows + channel * taps + tap];
                }
            }
        });
    let transposed = Geometry {
        input: geometry.output(),
        outputs: channels,
        kernel: edge,
        stride: 1,
        padding: edge - 1 - geometry.padding,
    };
    forward(grad_outputs, &flipped, &transposed, grad_inputs);
}

/// Outputs and rows of a register tile of the pass to the weights.
const GRAD_OUTPUTS: usize = 4;
const GRAD_ROWS: usize = 3;
/// Pixels between two visits of the accumulators, so that they and the inputs stay in the first cache.
const RUN: usize = 16;

/// Adds the gradient in the weights; parallel over tiles of outputs.
pub fn backward_weights(
    inputs: &[Lanes<f32>],
    grad_outputs: &[Lanes<f32>],
    geometry: &Geometry,
    grad_weights: &mut [f32],
) {
    let rows = geometry.rows();
    let wide: Vec<_> = inputs
        .par_iter()
        .map(|input| (input.border < geometry.padding).then(|| input.with_border(geometry.padding)))
        .collect();
    let inputs: Vec<&Lanes<f32>> = inputs
        .iter()
        .zip(&wide)
        .map(|(input, wide)| wide.as_ref().unwrap_or(input))
        .collect();
    let map = geometry.output();
    let pixels: Vec<(usize, usize)> = (0..map.height)
        .flat_map(|y| (0..map.width).map(move |x| (y, x)))
        .collect();
    grad_weights
        .par_chunks_mut(GRAD_OUTPUTS * rows)
        .enumerate()
        .for_each(|(tile, grad)| {
            let count = grad.len() / rows;
            // Per row of the tile: GRAD_OUTPUTS vectors of 8 partial sums.
            let mut sums = vec![[0f32; 8]; rows.next_multiple_of(GRAD_ROWS) * count];
            for (input, grad_output) in inputs.iter().zip(grad_outputs) {
                let offsets = row_offsets(geometry, input);
                let shift = input.border - geometry.padding;
                for run in pixels.chunks(RUN) {
                    let corner = |&(y, x): &(usize, usize)| {
                        (y * geometry.stride + shift) * input.row_stride()
                            + (x * geometry.stride + shift) * LANES
                    };
                    let corners: Vec<usize> = run.iter().map(corner).collect();
                    let gradients: Vec<usize> = run
                        .iter()
                        .map(|&(y, x)| grad_output.at(tile * GRAD_OUTPUTS, y, x))
                        .collect();
                    let place = Run {
                        input: &input.values,
                        corners: &corners,
                        gradient: &grad_output.values,
                        gradients: &gradients,
                        stride: grad_output.channel_stride(),
                    };
                    // SAFETY: corners and offsets address pixels of these blocks (geometry checked by the caller); AVX2 and FMA
                    // were detected.
                    unsafe {
                        match count {
                            4 => correlate::<4>(&place, &offsets, &mut sums),
                            3 => correlate::<3>(&place, &offsets, &mut sums),
                            2 => correlate::<2>(&place, &offsets, &mut sums),
                            _ => correlate::<1>(&place, &offsets, &mut sums),
                        }
                    }
                }
            }
            for row in 0..rows {
                for output in 0..count {
                    grad[output * rows + row] += sums[row * count + output].iter().sum::<f32>();
                }
            }
        });
}

/// A run of pixels: where their inputs and gradients lie.
struct Run<'a> {
    input: &'a [f32],
    corners: &'a [usize],
    gradient: &'a [f32],
    gradients: &'a [usize],
    stride: usize,
}

/// # Safety
/// Every corner + offset + 32 lies in the input, every gradient + (OUTPUTS - 1) stride + 32 in the gradient, `sums` holds
/// OUTPUTS vectors for every row (rounded up to whole tiles); AVX2 and FMA must be available.
#[target_feature(enable = "avx2,fma")]
unsafe fn correlate<const OUTPUTS: usize>(run: &Run, offsets: &[usize], sums: &mut [[f32; 8]]) {
    for (index, rows) in offsets.chunks(GRAD_ROWS).enumerate() {
        // A short last tile repeats its last row; the surplus sums are never read.
        let last = rows[rows.len() - 1];
        let taps = [
            rows[0],
            rows.get(1).copied().unwrap_or(last),
            rows.get(2).copied().unwrap_or(last),
        ];
        let start = index * GRAD_ROWS * OUTPUTS;
        let mut tile = [[_mm256_setzero_ps(); GRAD_ROWS]; OUTPUTS];
        // SAFETY: promised by the caller.
        unsafe {
            for (k, sum) in tile.iter_mut().enumerate() {
                for (r, vector) in sum.iter_mut().enumerate() {
                    *vector = _mm256_loadu_ps(sums.as_ptr().add(start + r * OUTPUTS + k).cast());
                }
            }
            for (&corner, &gradient) in run.corners.iter().zip(run.gradients) {
                for quarter in 0..4 {
                    let at = run.input.as_ptr().add(corner + 8 * quarter);
                    let x = taps.map(|tap| _mm256_loadu_ps(at.add(tap)));
                    let g = run.gradient.as_ptr().add(gradient + 8 * quarter);
                    for (k, sum) in tile.iter_mut().enumerate() {
                        let dy = _mm256_loadu_ps(g.add(k * run.stride));
                        for (vector, x) in sum.iter_mut().zip(x) {
                            *vector = _mm256_fmadd_ps(dy, x, *vector);
                        }
                    }
                }
            }
            for (k, sum) in tile.iter().enumerate() {
                for (r, vector) in sum.iter().enumerate() {
                    _mm256_storeu_ps(
                        sums.as_mut_ptr().add(start + r * OUTPUTS + k).cast(),
                        *vector,
                    );
                }
            }
        }
    }
}
