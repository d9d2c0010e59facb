//! Freed memory of large buffers, kept for the next buffer of the same length.
//!
//! A training step allocates and frees the same buffers of many megabytes again and again; given back to the system each time,
//! they cost more in page faults than in arithmetic. Buffers in use and kept together are at most twice of what was ever in use
//! at once: forward and backward pass need different lengths, which must not drive each other out. Not responsible for what the buffers hold: they come back with old values.

use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Buffers below this many bytes are left to the allocator, which keeps them itself.
const LEAST_BYTES: usize = 1 << 17;

/// Kept buffers by length, and how much there is.
struct Shelf<T> {
    free: Option<HashMap<usize, Vec<Vec<T>>>>,
    free_bytes: usize,
    used_bytes: usize,
    most_used_bytes: usize,
}

/// Buffers of one type, shared by all threads.
pub struct Recycler<T> {
    shelf: Mutex<Shelf<T>>,
}

impl<T: Copy + Send + Sync> Recycler<T> {
    /// Nothing kept yet.
    pub const fn new() -> Self {
        Recycler {
            shelf: Mutex::new(Shelf {
                free: None,
                free_bytes: 0,
                used_bytes: 0,
                most_used_bytes: 0,
            }),
        }
    }

    /// A buffer of `len` elements, all of them `value`.
    pub fn filled(&self, len: usize, value: T) -> Vec<T> {
        let bytes = len * size_of::<T>();
        if bytes < LEAST_BYTES {
            return vec![value; len];
        }
        match self.lend(len, bytes) {
            Some(mut kept) => {
                // Zeros of many megabytes take longer than one thread's share of a step.
                let parts = kept.par_chunks_mut(LEAST_BYTES);
                parts.for_each(|part| part.fill(value));
                kept
            }
            None => vec![value; len],
        }
    }

    /// A buffer of `len` elements that hold anything: `value`, or what an earlier owner left.
    pub fn unset(&self, len: usize, value: T) -> Vec<T> {
        let bytes = len * size_of::<T>();
        let kept = (bytes >= LEAST_BYTES).then(|| self.lend(len, bytes));
        kept.flatten().unwrap_or_else(|| vec![value; len])
    }

    /// A copy of `values`.
    pub fn copied(&self, values: &[T]) -> Vec<T> {
        let bytes = size_of_val(values);
        if bytes < LEAST_BYTES {
            return values.to_vec();
        }
        match self.lend(values.len(), bytes) {
            Some(mut kept) => {
                kept.copy_from_slice(values);
                kept
            }
            None => values.to_vec(),
        }
    }

    /// Takes a buffer back that `filled` or `copied` gave.
    pub fn take_back(&self, buffer: Vec<T>) {
        let bytes = size_of_val(&buffer[..]);
        if bytes < LEAST_BYTES {
            return;
        }
        // What does not fit is dropped after the lock is open again: giving memory back takes time.
        let mut dropped = None;
        {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.used_bytes = shelf.used_bytes.saturating_sub(bytes);
            if shelf.used_bytes + shelf.free_bytes + bytes > 2 * shelf.most_used_bytes {
                // Lengths that nobody asks for any more must not keep others out.
                dropped = shelf.free.take();
                shelf.free_bytes = 0;
            }
            shelf.free_bytes += bytes;
            let free = shelf.free.get_or_insert_with(HashMap::new);
            free.entry(buffer.len()).or_default().push(buffer);
        }
        drop(dropped);
    }

    fn lend(&self, len: usize, bytes: usize) -> Option<Vec<T>> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.used_bytes += bytes;
        shelf.most_used_bytes = shelf.most_used_bytes.max(shelf.used_bytes);
        let kept = shelf.free.as_mut()?.get_mut(&len)?.pop()?;
        shelf.free_bytes -= bytes;
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = LEAST_BYTES;

    fn free(recycler: &Recycler<u8>) -> usize {
        recycler
            .shelf
            .lock()
            .expect("no thread panicked")
            .free_bytes
    }

    #[test]
    fn a_buffer_comes_back_without_its_old_values() {
        let recycler = Recycler::new();
        let mut first = recycler.filled(LEN, 0u8);
        first.fill(7);
        let place = first.as_ptr();
        recycler.take_back(first);
        assert_eq!(free(&recycler), LEN);
        let second = recycler.filled(LEN, 1);
        assert_eq!(second.as_ptr(), place, "the same memory");
        assert!(second.iter().all(|&value| value == 1));
        recycler.take_back(second);
        let third = recycler.copied(&vec![3; LEN]);
        assert!(third.iter().all(|&value| value == 3));
        assert_eq!(free(&recycler), 0);
    }

    #[test]
    fn never_more_is_held_than_twice_what_was_in_use_at_once() {
        let recycler = Recycler::new();
        for round in 0..50 {
            // Two at once, of lengths that never come again.
            let pair = [LEN + 2 * round, LEN + 2 * round + 1].map(|len| recycler.filled(len, 0u8));
            pair.into_iter()
                .for_each(|buffer| recycler.take_back(buffer));
            assert!(free(&recycler) <= 2 * (2 * LEN + 4 * round + 1));
        }
    }

    #[test]
    fn small_buffers_are_not_kept() {
        let recycler = Recycler::new();
        recycler.take_back(recycler.filled(100, 0u8));
        assert_eq!(free(&recycler), 0);
    }
}
