//! What is stored of a layer, and who waits for it.
//!
//! Every column of tiles of every copy stores its pixels in their order (its activation unit works in order, its outputs
//! take one path), so one number each says what is stored. Not responsible for what a consumer does once it is woken.

use std::collections::{BTreeSet, VecDeque};

/// Who waits for inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Consumer {
    /// Index among the workers.
    Worker(u32),
    /// Index among the digital layers.
    Digital(u32),
}

/// One layer's stored pixels.
#[derive(Debug)]
pub(super) struct Stored {
    pixels: u32,
    copies: u32,
    columns: u32,
    /// Pixels stored, `[copy][column]`.
    columns_stored: Vec<u64>,
    /// Pixels that all columns have stored, by copy.
    stored: Vec<u64>,
    /// Leading pixels stored, of images from `first_image` on.
    leading: VecDeque<u32>,
    first_image: u32,
    /// (image, leading pixels needed, who).
    waiting: BTreeSet<(u32, u32, Consumer)>,
}

/// Pixels of one image that a copy computes.
pub(super) fn pixels_of_copy(pixels: u32, copies: u32, copy: u32) -> u32 {
    if copy >= pixels {
        return 0;
    }
    (pixels - copy - 1) / copies + 1
}

impl Stored {
    pub fn new(pixels: u32, copies: u32, columns: u32) -> Stored {
        let all = copies as usize * columns as usize;
        Stored {
            pixels,
            copies,
            columns,
            columns_stored: vec![0; all],
            stored: vec![0; copies as usize],
            leading: VecDeque::new(),
            first_image: 0,
            waiting: BTreeSet::new(),
        }
    }

    pub fn leading(&self, image: u32) -> u32 {
        let Some(place) = image.checked_sub(self.first_image) else {
            return self.pixels;
        };
        self.leading.get(place as usize).copied().unwrap_or(0)
    }

    pub fn wait(&mut self, image: u32, need: u32, consumer: Consumer) {
        self.waiting.insert((image, need, consumer));
    }

    /// One more pixel of a copy's column of tiles, of this image; consumers whose need is met are appended to `woken`.
    pub fn store(&mut self, copy: u32, column: u32, image: u32, woken: &mut Vec<Consumer>) {
        let from = copy as usize * self.columns as usize;
        let columns = &mut self.columns_stored[from..from + self.columns as usize];
        columns[column as usize] += 1;
        let all = columns.iter().min().copied().unwrap_or(0);
        if all == self.stored[copy as usize] {
            return;
        }
        self.stored[copy as usize] = all;
        let Some(place) = image.checked_sub(self.first_image) else {
            return;
        };
        while self.leading.len() <= place as usize {
            self.leading.push_back(0);
        }
        let before = self.leading[place as usize];
        let leading = self.follow(image, before);
        if leading == before {
            return;
        }
        self.leading[place as usize] = leading;
        while self.leading.front() == Some(&self.pixels) {
            self.leading.pop_front();
            self.first_image += 1;
        }
        self.wake(image, leading, woken);
    }

    /// Leading pixels of an image, of which `leading` are known to be stored.
    fn follow(&self, image: u32, mut leading: u32) -> u32 {
        while leading < self.pixels {
            let copy = leading % self.copies;
            let each = pixels_of_copy(self.pixels, self.copies, copy);
            let before = u64::from(image) * u64::from(each) + u64::from(leading / self.copies);
            if self.stored[copy as usize] <= before {
                break;
            }
            leading += 1;
        }
        leading
    }

    fn wake(&mut self, image: u32, leading: u32, woken: &mut Vec<Consumer>) {
        while let Some(&(of, need, consumer)) =
            self.waiting.range((image, 0, Consumer::Worker(0))..).next()
        {
            if of != image || need > leading {
                break;
            }
            self.waiting.remove(&(of, need, consumer));
            woken.push(consumer);
        }
    }
}
