//! A zero-initialised buffer whose first element lies on a 64-byte line, for vector loads.
//!
//! Not responsible for growth or for types with padding: only plain old data.

use super::recycled::Recycler;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Memory of buffers that were dropped.
static RECYCLED: Recycler<Line> = Recycler::new();

/// A fixed-length buffer of plain values on 64-byte lines.
pub struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    element: PhantomData<T>,
}

impl<T: bytemuck::Pod> Aligned<T> {
    /// A buffer of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let lines = (len * size_of::<T>()).div_ceil(64);
        Aligned {
            lines: RECYCLED.filled(lines, Line([0; 64])),
            len,
            element: PhantomData,
        }
    }

    /// A buffer of `len` elements that hold anything, for a caller that writes all of them.
    pub fn unset(len: usize) -> Self {
        let lines = (len * size_of::<T>()).div_ceil(64);
        let mut buffer = Aligned {
            lines: RECYCLED.unset(lines, Line([0; 64])),
            len,
            element: PhantomData,
        };
        if cfg!(debug_assertions) {
            // No number: one that a caller forgot to write shows in the tests.
            bytemuck::cast_slice_mut(&mut buffer).fill(u8::MAX);
        }
        buffer
    }

    /// A copy of `values`.
    pub fn copied(values: &[T]) -> Self {
        let mut buffer = Self::unset(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl<T> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        Aligned {
            lines: RECYCLED.copied(&self.lines),
            len: self.len,
            element: PhantomData,
        }
    }
}

impl<T> Drop for Aligned<T> {
    fn drop(&mut self) {
        RECYCLED.take_back(std::mem::take(&mut self.lines));
    }
}

impl<T: bytemuck::Pod> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `lines` holds at least `len * size_of::<T>()` initialised bytes at 64-byte alignment, and every bit
        // pattern is a valid `T` (Pod).
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: bytemuck::Pod> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `&mut self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_and_zero() {
        let buffer = Aligned::<f32>::zeros(37);
        assert_eq!(buffer.as_ptr() as usize % 64, 0);
        assert_eq!(buffer.len(), 37);
        assert!(buffer.iter().all(|&v| v == 0.0));
    }
}
