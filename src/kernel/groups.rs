//! How a layer's weight rows are cut into groups of open word lines, and the weights prepared for a kernel.
//!
//! Not responsible for the arithmetic (`reconv`, `reference`) nor for the read-out (`tables`).

use super::lanes::{LANES, Lanes};
use super::tiled::lookup::Lookup;
use super::vectorize::vectorized;
use crate::hw::word_line::RowOrder;
#[cfg(target_arch = "x86_64")]
use crate::instructions::Instructions;
use crate::net::network::Geometry;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::{Deref, Range};

/// Which implementation runs. All give the same integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One value at a time; the definition.
    Scalar,
    /// Thirty-two lanes in plain Rust.
    Portable,
    /// Sixteen-entry byte shuffles.
    Avx2,
    /// Sixty-four-entry byte permutations (AVX-512 VBMI, with VNNI and VAES).
    Avx512,
}

impl Backend {
    /// The fastest one that is available.
    pub fn detect() -> Self {
        [Backend::Avx512, Backend::Avx2]
            .into_iter()
            .find(|backend| backend.available())
            .unwrap_or(Backend::Portable)
    }

    /// True if this processor can run it and the program may take it.
    pub fn available(self) -> bool {
        match self {
            Backend::Scalar | Backend::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => Instructions::Avx2.available(),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => {
                Instructions::Avx512.available()
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("vaes")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Backend::Avx2 | Backend::Avx512 => false,
        }
    }
}

/// Word lines opened together, and the rows of the weight matrix that lie on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPlan {
    /// Rows of the weight matrix, each on a word line.
    pub rows: usize,
    /// Open word lines per group; the last group may have fewer.
    pub active: usize,
    /// How rows lie on word lines.
    pub order: RowOrder,
}

impl GroupPlan {
    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.rows.div_ceil(self.active)
    }

    /// Rows of the largest group.
    pub fn most_rows(&self) -> usize {
        self.active.min(self.rows)
    }

    /// What is given for every row of the weight matrix, `[anything][row]`, as it lies on the word lines: `[anything][word line]`.
    pub fn on_word_lines<'a, T: Copy>(&self, of_rows: &'a [T]) -> Cow<'a, [T]> {
        if self.order == RowOrder::Consecutive {
            return Cow::Borrowed(of_rows);
        }
        let order = self.order.rows(self.rows, self.active);
        let lines = of_rows.chunks_exact(self.rows.max(1));
        Cow::Owned(
            lines
                .flat_map(|rows| order.iter().map(|&row| rows[row]))
                .collect(),
        )
    }

    /// Word lines of one group.
    pub fn range(&self, group: usize) -> Range<usize> {
        let start = group * self.active;
        start..(start + self.active).min(self.rows)
    }
}

/// Where the inputs of a convolution lie in an input block.
#[derive(Clone, Debug)]
pub struct Taps {
    /// Offset of each row from the pixel's corner, by word line where it has one.
    pub rows: Vec<usize>,
    /// Offset of the corner of each output pixel, `y * width + x`.
    pub pixels: Vec<usize>,
}

impl Taps {
    /// Offsets for a block, rows as they lie on the word lines.
    ///
    /// # Panics
    /// As [`Taps::in_im2col_order`].
    pub fn new<T: bytemuck::Pod>(geometry: &Geometry, plan: &GroupPlan, input: &Lanes<T>) -> Self {
        let taps = Self::in_im2col_order(geometry, input);
        Taps {
            rows: plan.on_word_lines(&taps.rows).into_owned(),
            ..taps
        }
    }

    /// Offsets for a block, rows in im2col order.
    ///
    /// # Panics
    /// If the block has another shape than the geometry or too narrow a border.
    pub fn in_im2col_order<T: bytemuck::Pod>(geometry: &Geometry, input: &Lanes<T>) -> Self {
        let shape = geometry.input;
        assert!(
            (input.channels, input.height, input.width)
                == (shape.channels, shape.height, shape.width),
            "the input block has the shape of the layer"
        );
        assert!(
            input.border >= geometry.padding,
            "the border covers the padding"
        );
        let kernel = geometry.kernel;
        let rows = (0..geometry.rows())
            .map(|row| {
                let (channel, tap) = (row / (kernel * kernel), row % (kernel * kernel));
                channel * input.channel_stride()
                    + tap / kernel * input.row_stride()
                    + tap % kernel * LANES
            })
            .collect();
        let (map, edge) = (geometry.output(), input.border - geometry.padding);
        let pixels = (0..map.height * map.width)
            .map(|pixel| {
                let (y, x) = (pixel / map.width, pixel % map.width);
                (y * geometry.stride + edge) * input.row_stride()
                    + (x * geometry.stride + edge) * LANES
            })
            .collect();
        Taps { rows, pixels }
    }
}

vectorized! {
    /// Inputs of word lines at output pixels, `[row][pixel][lane]`, as numbers.
    pub(super) fn read_values[](
        to: &mut [f32],
        input: &Lanes<u8>,
        taps: &Taps,
        rows: Range<usize>,
        pixels: Range<usize>,
    ) {
        let width = pixels.len() * LANES;
        for (&row, to) in taps.rows[rows].iter().zip(to.chunks_exact_mut(width)) {
            let corners = &taps.pixels[pixels.clone()];
            for (&corner, lanes) in corners.iter().zip(to.chunks_exact_mut(LANES)) {
                let codes = &input.values[corner + row..][..LANES];
                for (lane, &code) in lanes.iter_mut().zip(codes) {
                    *lane = f32::from(code);
                }
            }
        }
    }
}

/// Weights in groups, and the bounds of their sums.
#[derive(Clone)]
pub struct BoundedWeights {
    /// Shape of the layer.
    pub geometry: Geometry,
    /// Groups of rows.
    pub plan: GroupPlan,
    /// Weight codes `[output][word line]`.
    pub codes: Vec<i8>,
    /// Largest input code.
    pub max_input_code: u8,
    /// Smallest group sum these weights can give.
    pub sum_min: i32,
    /// Largest group sum these weights can give.
    pub sum_max: i32,
}

/// The weights of one conversion of one layer, ready for a kernel. They can be read only: kernels look sums up in tables that end where
/// these were found to end.
#[derive(Clone)]
pub struct PreparedWeights {
    bounded: BoundedWeights,
    backend: Backend,
    pub(super) lookup: Option<Lookup>,
}

impl Deref for PreparedWeights {
    type Target = BoundedWeights;

    fn deref(&self) -> &BoundedWeights {
        &self.bounded
    }
}

/// Prepares weight codes `[output][row]` (im2col order) in groups of `active` word lines for inputs `0..=max_input_code`.
///
/// # Panics
/// If the number of codes does not fit the geometry or `active` is 0.
pub fn prepare(
    geometry: &Geometry,
    codes: &[i8],
    (active, order): (usize, RowOrder),
    max_input_code: u8,
) -> PreparedWeights {
    let rows = geometry.rows();
    assert_eq!(
        codes.len(),
        geometry.outputs * rows,
        "one code per row and output"
    );
    assert!(active > 0, "a group has at least one row");
    let plan = GroupPlan {
        rows,
        active,
        order,
    };
    let codes = plan.on_word_lines(codes);
    let of_row = |row: &[i8]| {
        let (mut least, mut most) = (0, 0);
        for group in row.chunks(active) {
            let part = |sign: i32| -> i32 {
                let weights = group.iter().map(|&w| (sign * i32::from(w)).max(0));
                sign * weights.sum::<i32>() * i32::from(max_input_code)
            };
            (least, most) = (least.min(part(-1)), most.max(part(1)));
        }
        (least, most)
    };
    let rows_of_outputs = codes.par_chunks(rows.max(1)).map(of_row);
    let (sum_min, sum_max) = rows_of_outputs.reduce(|| (0, 0), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    let bounded = BoundedWeights {
        geometry: *geometry,
        plan,
        codes: codes.into_owned(),
        max_input_code,
        sum_min,
        sum_max,
    };
    PreparedWeights {
        bounded,
        backend: Backend::Scalar,
        lookup: None,
    }
    .with_backend(Backend::detect())
}

impl PreparedWeights {
    /// True if every input code is one that these weights were prepared for: tables by sum cover no others.
    pub fn takes(&self, input: &Lanes<u8>) -> bool {
        // A fold of maxima becomes vector instructions; it runs before every backward pass.
        let largest = input.values.iter().fold(0, |most, &code| code.max(most));
        largest <= self.max_input_code
    }

    /// The same weights for another implementation.
    ///
    /// # Panics
    /// If this processor cannot run it.
    pub fn with_backend(mut self, backend: Backend) -> Self {
        assert!(backend.available(), "this processor runs {backend:?}");
        self.backend = backend;
        // Entries one shuffle instruction looks up.
        let entries = match backend {
            Backend::Scalar | Backend::Portable => None,
            Backend::Avx2 => Some(16),
            Backend::Avx512 => Some(64),
        };
        let range = (self.sum_min, self.sum_max);
        self.lookup = entries.and_then(|entries| {
            Lookup::new(&self.plan, &self.codes, self.max_input_code, range, entries)
        });
        self
    }

    /// The implementation that will run.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Offsets of their inputs in a block.
    ///
    /// # Panics
    /// As [`Taps::new`].
    pub fn taps<T: bytemuck::Pod>(&self, input: &Lanes<T>) -> Taps {
        Taps::new(&self.geometry, &self.plan, input)
    }

    /// Codes of one output and group.
    pub fn group_codes(&self, output: usize, group: usize) -> &[i8] {
        let range = self.plan.range(group);
        let start = output * self.plan.rows;
        &self.codes[start + range.start..start + range.end]
    }

    /// Group sums of the 32 images of one output pixel, `corner` being its place in `input` ([`Taps::pixels`]).
    #[inline]
    pub fn lane_sums(
        &self,
        input: &Lanes<u8>,
        taps: &Taps,
        (output, group, corner): (usize, usize, usize),
    ) -> [i32; LANES] {
        let mut sums = [0; LANES];
        let rows = &taps.rows[self.plan.range(group)];
        for (&w, &row) in self.group_codes(output, group).iter().zip(rows) {
            let pixel = &input.values[corner + row..][..LANES];
            for (s, &a) in sums.iter_mut().zip(pixel) {
                *s += i32::from(w) * i32::from(a);
            }
        }
        sums
    }
}
