//! Numbers of a plan held against each other before an engine runs it, and those that depend on the data while it does.
//!
//! What passes runs to its end: every count is there, every index is in range, and all cycles and bits of the run, one
//! after the other, fit into 64 bits. Not responsible for what the numbers mean ([`super`]).

use super::error::CycleError;
use super::links::Links;
use super::plan::{Hold, Layer, MacroWork, Mvm, Order, Plan, TileWork, Topology, Work};

/// Most images of one run: their times are kept.
const MOST_IMAGES: u32 = 1 << 24;
/// Most routers of a mesh.
const MOST_ROUTERS: u64 = 1 << 16;
/// Most cycles and bits of a run, if nothing happened at the same time.
const MOST_WORK: u128 = 1 << 62;

fn require(
    holds: bool,
    what: impl Fn() -> String,
    expected: impl ToString,
    found: impl ToString,
) -> Result<(), CycleError> {
    if holds {
        return Ok(());
    }
    Err(CycleError::Plan {
        what: what(),
        expected: expected.to_string(),
        found: found.to_string(),
    })
}

fn positive(what: &str, found: u32) -> Result<(), CycleError> {
    require(found >= 1, || what.to_string(), "at least 1", found)
}

impl Plan {
    /// Holds the numbers against each other.
    ///
    /// # Errors
    /// The first number that contradicts the others or the documented range.
    pub fn check(&self) -> Result<(), CycleError> {
        positive("timing: front", self.timing.front)?;
        positive("timing: sense", self.timing.sense)?;
        positive("timing: latch", self.timing.latch)?;
        positive("network: width_bits", self.network.width_bits)?;
        positive("buffers: input_vectors", self.buffers.input_vectors)?;
        positive("buffers: accumulator_banks", self.buffers.accumulator_banks)?;
        positive("buffers: output_vectors", self.buffers.output_vectors)?;
        let within = (1..=MOST_IMAGES).contains(&self.images);
        let expected = format!("1 to {MOST_IMAGES}");
        require(within, || "images".into(), expected, self.images)?;
        self.check_tiles()?;
        let (layers, macros) = (self.layers.len(), self.tile_of_macro.len());
        require(layers >= 1, || "layers".into(), "at least 1", layers)?;
        for (what, count) in [("layers", layers), ("macros of the chip", macros)] {
            let fits = u32::try_from(count).is_ok();
            require(fits, || what.into(), "a number of 32 bits", count)?;
        }
        let mut used = vec![false; macros];
        let mut before = None;
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_layer(index, layer, before, &mut used)?;
            before = Some(layer.pixels);
        }
        self.check_amount()
    }

    fn check_tiles(&self) -> Result<(), CycleError> {
        let macros = self.tile_of_macro.len();
        require(
            macros >= 1,
            || "macros of the chip".into(),
            "at least 1",
            macros,
        )?;
        let Topology::Mesh { columns } = self.network.topology else {
            return Ok(());
        };
        positive("network: columns of the mesh", columns)?;
        let routers = Links::routers(self);
        require(
            routers <= MOST_ROUTERS,
            || "routers of the mesh (its last row filled up)".into(),
            format!("at most {MOST_ROUTERS}"),
            routers,
        )
    }

    fn check_layer(
        &self,
        index: usize,
        layer: &Layer,
        before: Option<u32>,
        used: &mut [bool],
    ) -> Result<(), CycleError> {
        positive(&format!("layer {index}: pixels"), layer.pixels)?;
        positive(&format!("layer {index}: row_pixels"), layer.row_pixels)?;
        if let Some(before) = before {
            check_needs(index, layer, before)?;
        }
        match &layer.work {
            Work::Digital { cycles_per_pixel } => positive(
                &format!("layer {index}: cycles_per_pixel"),
                *cycles_per_pixel,
            ),
            Work::Macro(work) => {
                check_lengths(index, work)?;
                for (tile, part) in work.tiles.iter().enumerate() {
                    self.check_part(index, tile, part)?;
                }
                check_macros(index, work, used)
            }
        }
    }

    fn check_part(&self, layer: usize, tile: usize, part: &TileWork) -> Result<(), CycleError> {
        let name = |what: &str| format!("layer {layer}, tile {tile}: {what}");
        positive(&name("operations"), part.operations)?;
        let conversions = part.conversions_per_operation;
        positive(&name("conversions_per_operation"), conversions)?;
        require(
            conversions == 1 || self.timing.hold == Hold::PerColumn,
            || name("conversions_per_operation"),
            "1 unless every column has a sample-and-hold",
            conversions,
        )
    }

    /// All work one after the other: no sum of cycles or bits can be larger.
    fn check_amount(&self) -> Result<(), CycleError> {
        let farthest = Links::new(self).longest();
        let (mut cycles, mut bits) = (0_u128, 0_u128);
        for layer in &self.layers {
            let (layer_cycles, layer_bits) = match &layer.work {
                Work::Digital { cycles_per_pixel } => (u128::from(*cycles_per_pixel), 0),
                Work::Macro(work) => self.amount(work, farthest),
            };
            let pixels = u128::from(layer.pixels);
            cycles = cycles.saturating_add(layer_cycles.saturating_mul(pixels));
            bits = bits.saturating_add(layer_bits.saturating_mul(pixels));
        }
        for (what, amount) in [("cycles of all work", cycles), ("bits times links", bits)] {
            let amount = amount.saturating_mul(u128::from(self.images));
            let expected = format!("at most {MOST_WORK}");
            require(amount <= MOST_WORK, || what.into(), expected, amount)?;
        }
        Ok(())
    }

    /// Cycles, and bits times links, of one pixel on all tiles.
    fn amount(&self, work: &MacroWork, farthest: u64) -> (u128, u128) {
        let timing = &self.timing;
        let each = u128::from(timing.sense) + u128::from(timing.latch);
        let front = u128::from(timing.front) + u128::from(timing.sample);
        let (mut cycles, mut bits) = (0_u128, 0_u128);
        for part in &work.tiles {
            let conversions = u128::from(part.conversions_per_operation);
            let operation = front + conversions * each;
            let mut sum = operation.saturating_mul(u128::from(part.operations));
            sum = sum.saturating_add(u128::from(part.activate));
            let merge = u128::from(part.merge) * u128::from(work.row_tiles);
            sum = sum.saturating_add(merge);
            let load = part.load_bits.max(part.load_bits_next);
            for cargo in [load, part.sum_bits, part.output_bits] {
                let hops = u128::from(self.network.hop_cycles) * u128::from(farthest);
                sum = sum.saturating_add(u128::from(cargo) + hops);
                bits = bits.saturating_add(u128::from(cargo) * u128::from(farthest));
            }
            cycles = cycles.saturating_add(sum);
        }
        (cycles, bits)
    }

    /// Leading pixels of the layer before that must be stored before this pixel; none in the first layer.
    pub(super) fn need(&self, layer: u32, pixel: u32) -> Option<u32> {
        let before = self.layers.get((layer as usize).checked_sub(1)?)?;
        match self.order {
            Order::LayerByLayer => Some(before.pixels),
            Order::Pipelined => self.layers[layer as usize]
                .needs
                .get(pixel as usize)
                .copied(),
        }
    }

    /// Holds what an [`super::plan::Activity`] says of one MVM against its tile.
    pub(super) fn check_senses(
        &self,
        mvm: Mvm,
        part: &TileWork,
        senses: &[u32],
    ) -> Result<(), CycleError> {
        let name = |what: &str| {
            let Mvm {
                image,
                layer,
                pixel,
                tile,
            } = mvm;
            format!("activity of image {image}, layer {layer}, pixel {pixel}, tile {tile}: {what}")
        };
        let (found, each) = (senses.len(), part.conversions_per_operation as usize);
        let expected = format!("a multiple of {each}");
        let whole = found.is_multiple_of(each);
        require(whole, || name("conversions"), expected, found)?;
        let most = part.operations as usize;
        let expected = format!("at most {most}");
        let operations = found / each;
        require(
            operations <= most,
            || name("operations"),
            expected,
            operations,
        )?;
        let within = |sense: &u32| (1..=self.timing.sense).contains(sense);
        if let Some(wrong) = senses.iter().find(|sense| !within(sense)) {
            let expected = format!("1 to {}", self.timing.sense);
            require(false, || name("sense cycles"), expected, wrong)?;
        }
        Ok(())
    }
}

fn check_needs(index: usize, layer: &Layer, before: u32) -> Result<(), CycleError> {
    let name = || format!("layer {index}: needs");
    let expected = format!("{} entries, one per pixel", layer.pixels);
    let fits = layer.needs.len() == layer.pixels as usize;
    require(fits, name, expected, layer.needs.len())?;
    let most = layer.needs.iter().max().copied().unwrap_or(0);
    let expected = format!("at most {before}, the pixels of the layer before");
    require(most <= before, name, expected, most)?;
    if let Some(pair) = layer.needs.windows(2).find(|pair| pair[0] > pair[1]) {
        let found = format!("{} after {}", pair[1], pair[0]);
        require(false, name, "numbers that never fall", found)?;
    }
    Ok(())
}

fn check_lengths(index: usize, work: &MacroWork) -> Result<(), CycleError> {
    positive(&format!("layer {index}: row_tiles"), work.row_tiles)?;
    positive(&format!("layer {index}: column_tiles"), work.column_tiles)?;
    let tiles = u64::from(work.row_tiles) * u64::from(work.column_tiles);
    let found = work.tiles.len();
    let name = || format!("layer {index}: tiles");
    let expected = format!("{tiles} (row tiles times column tiles)");
    require(found as u64 == tiles, name, expected, found)?;
    let found = work.macros.len();
    let name = || format!("layer {index}: macros");
    let expected = format!("{tiles} for each copy, at least one copy");
    let copies = found >= 1 && (found as u64).is_multiple_of(tiles);
    require(copies, name, expected, found)
}

fn check_macros(index: usize, work: &MacroWork, used: &mut [bool]) -> Result<(), CycleError> {
    let name = || format!("layer {index}: macros");
    let macros = used.len();
    for &number in &work.macros {
        let expected = format!("numbers below {macros}, the macros of the chip");
        let Some(place) = used.get_mut(number as usize) else {
            return require(false, name, expected, number);
        };
        let found = format!("macro {number} again");
        require(!*place, name, "each macro once in the whole plan", found)?;
        *place = true;
    }
    Ok(())
}
