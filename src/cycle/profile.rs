//! How busy layers and links are over time: an observer that counts cycles in bins whose width doubles as the run grows.
//!
//! Memory does not grow with the run. Not responsible for totals (`outcome`).

use super::observer::{Cargo, Observer, Span, Transfer, Unit};
use super::plan::{Mvm, Topology};

/// Most bins; a finished profile has between half of them and all.
const BINS: usize = 480;

/// Cycles per bin and row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    width: u64,
    /// By layer: cycles of its macros (or of the digital unit) at work.
    layers: Vec<Vec<u64>>,
    /// By macro: end of what has been counted; pixels that overlap on a macro keep it at work once.
    counted: Vec<u64>,
    /// Link from the global buffer; on a bus all transfers.
    from_buffer: Vec<u64>,
    /// Link to the global buffer.
    to_buffer: Vec<u64>,
    bus: bool,
    end: u64,
}

impl Profile {
    /// Nothing seen of so many layers yet.
    pub fn new(layers: usize, topology: Topology) -> Self {
        Profile {
            width: 1,
            layers: vec![Vec::new(); layers],
            counted: Vec::new(),
            from_buffer: Vec::new(),
            to_buffer: Vec::new(),
            bus: topology == Topology::Bus,
            end: 0,
        }
    }

    /// Cycles of a bin.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// Cycles at work of a layer's macros, by bin.
    pub fn layer(&self, layer: usize) -> &[u64] {
        self.layers.get(layer).map_or(&[], Vec::as_slice)
    }

    /// Cycles that the busier of the links at the global buffer is held, by bin.
    pub fn link(&self) -> Vec<u64> {
        let bins = self.from_buffer.len().max(self.to_buffer.len());
        let at = |row: &[u64], bin: usize| row.get(bin).copied().unwrap_or(0);
        (0..bins)
            .map(|bin| at(&self.from_buffer, bin).max(at(&self.to_buffer, bin)))
            .collect()
    }

    /// Bins up to the last cycle at which anything happened.
    pub fn bins(&self) -> usize {
        self.end.div_ceil(self.width) as usize
    }

    /// Doubles the width of the bins until a cycle has its place.
    fn reach(&mut self, end: u64) {
        self.end = self.end.max(end);
        while end > self.width * BINS as u64 {
            self.width *= 2;
            let rows = self.layers.iter_mut();
            for row in rows.chain([&mut self.from_buffer, &mut self.to_buffer]) {
                *row = row.chunks(2).map(|pair| pair.iter().sum()).collect();
            }
        }
    }
}

/// Adds the cycles of a span to the bins it crosses.
fn add(row: &mut Vec<u64>, width: u64, span: &Span) {
    if span.is_empty() {
        return;
    }
    let last = ((span.end - 1) / width) as usize;
    if row.len() <= last {
        row.resize(last + 1, 0);
    }
    for (bin, cycles) in row
        .iter_mut()
        .enumerate()
        .take(last + 1)
        .skip((span.start / width) as usize)
    {
        let (from, to) = (bin as u64 * width, (bin as u64 + 1) * width);
        *cycles += span.end.min(to) - span.start.max(from);
    }
}

impl Observer for Profile {
    const DETAIL: bool = false;

    fn mvm(&mut self, mvm: Mvm, macro_index: u32, span: Span) {
        self.reach(span.end);
        let macro_index = macro_index as usize;
        if self.counted.len() <= macro_index {
            self.counted.resize(macro_index + 1, 0);
        }
        // MVMs of a macro start and end in order.
        let counted = &mut self.counted[macro_index];
        let span = span.start.max(*counted)..span.end;
        *counted = span.end.max(*counted);
        if let Some(row) = self.layers.get_mut(mvm.layer as usize) {
            add(row, self.width, &span);
        }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.reach(transfer.span.end);
        let row = match transfer.cargo {
            _ if self.bus && transfer.from != transfer.to => &mut self.from_buffer,
            Cargo::Load => &mut self.from_buffer,
            Cargo::Output => &mut self.to_buffer,
            Cargo::Sums => return,
        };
        add(row, self.width, &transfer.span);
    }

    fn unit(&mut self, _: Option<u32>, unit: Unit, span: Span) {
        self.reach(span.end);
        if let Unit::Digital(mvm) = unit
            && let Some(row) = self.layers.get_mut(mvm.layer as usize)
        {
            add(row, self.width, &span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mvm(layer: u32) -> Mvm {
        Mvm {
            image: 0,
            layer,
            pixel: 0,
            tile: 0,
        }
    }

    #[test]
    fn no_cycle_is_lost_while_bins_grow() {
        let mut profile = Profile::new(2, Topology::Bus);
        let spans = [0..3, 2..700, 5000..5001, 4000..9000];
        for (span, macro_index) in spans.iter().zip(0..) {
            profile.mvm(mvm(1), macro_index, span.clone());
        }
        let counted: u64 = profile.layer(1).iter().sum();
        assert_eq!(
            counted,
            spans.iter().map(|span| span.end - span.start).sum::<u64>()
        );
        assert!(profile.layer(0).is_empty());
        assert_eq!(profile.width(), 32, "480 bins of 16 end at 7680");
        assert_eq!(profile.bins(), 9000usize.div_ceil(32));
        assert_eq!(profile.layer(1)[0], 3 + 30);
    }

    #[test]
    fn a_macro_is_at_work_once_while_pixels_overlap_on_it() {
        let mut profile = Profile::new(1, Topology::Bus);
        for span in [0..10, 6..16, 20..30] {
            profile.mvm(mvm(0), 3, span);
        }
        assert_eq!(profile.layer(0).iter().sum::<u64>(), 16 + 10);
        assert!(
            profile
                .layer(0)
                .iter()
                .all(|&cycles| cycles <= profile.width())
        );
    }
}
