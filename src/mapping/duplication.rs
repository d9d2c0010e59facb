//! Copies of layers: none, by hand, or free macros to whichever layer takes longest.
//!
//! A layer takes `ceil(pixels / copies) x cycles of one pixel`. Balanced: the layer with the longest time gets the fewest
//! further copies that shorten it, again and again; a layer whose next copies do not fit is left as it is. Every shorter
//! bottleneck would need at least the copies given so far, so none can be reached when the longest layer cannot be helped any
//! more. Not responsible for which macros ([`super::rounds`]).

use super::error::MappingError;
use crate::hw::tiles::DuplicationSpec;
use crate::spelling::nearest;

/// A layer that can be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Macros of one copy.
    pub macros: usize,
    /// Output pixels.
    pub pixels: u32,
    /// Cycles of one pixel.
    pub cycles: u64,
}

impl Demand {
    /// Cycles of all pixels.
    pub fn time(&self, copies: u32) -> u64 {
        u64::from(self.pixels.div_ceil(copies)) * self.cycles
    }

    /// Fewest copies that take less time than `copies` do.
    fn next(&self, copies: u32) -> Option<u32> {
        let turns = self.pixels.div_ceil(copies);
        (turns > 1).then(|| self.pixels.div_ceil(turns - 1))
    }
}

/// Copies of every layer on `macros` macros, starting from one each.
///
/// # Panics
/// If not even one copy of each fits.
pub fn balanced(demands: &[Demand], macros: usize) -> Vec<u32> {
    let mut copies = vec![1; demands.len()];
    let used: usize = demands.iter().map(|demand| demand.macros).sum();
    assert!(used <= macros, "one copy of each layer fits");
    let mut free = macros - used;
    let mut open: Vec<usize> = (0..demands.len()).collect();
    loop {
        // The first of the longest: ties go to the earlier layer.
        let time = |&index: &usize| demands[index].time(copies[index]);
        let longest = open.iter().copied().rev().max_by_key(time);
        let Some(index) = longest else {
            return copies;
        };
        let demand = &demands[index];
        match demand.next(copies[index]) {
            Some(more) if (more - copies[index]) as usize * demand.macros <= free => {
                free -= (more - copies[index]) as usize * demand.macros;
                copies[index] = more;
            }
            _ => open.retain(|&other| other != index),
        }
    }
}

/// A layer of the network as the file's copies by hand are held against it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named<'a> {
    /// Name.
    pub name: &'a str,
    /// What it needs; `None` for a digital layer.
    pub demand: Option<Demand>,
}

/// Copies of every layer (1 for digital ones) before free macros are given away.
///
/// # Errors
/// If the file names a layer that is not on macros, or asks for more copies than there are pixels or macros.
pub fn by_hand(
    spec: &DuplicationSpec,
    layers: &[Named],
    macros: usize,
) -> Result<Vec<u32>, MappingError> {
    let mut copies = vec![1; layers.len()];
    let DuplicationSpec::ByHand(written) = spec else {
        return Ok(copies);
    };
    for (name, &number) in written {
        let index = layers.iter().position(|layer| layer.name == name);
        let Some((index, demand)) = index.and_then(|at| layers[at].demand.map(|d| (at, d))) else {
            return Err(unknown(name, layers));
        };
        let most = u64::from(demand.pixels).min((macros / demand.macros.max(1)).max(1) as u64);
        if u64::from(number) > most {
            let reason = if u64::from(demand.pixels) == most {
                format!("it has {} output pixels, one for each copy", demand.pixels)
            } else {
                format!(
                    "they need {} macros and the chip has {macros}",
                    number as usize * demand.macros
                )
            };
            return Err(MappingError::TooManyCopies {
                layer: name.clone(),
                copies: number,
                reason,
                most,
            });
        }
        copies[index] = number;
    }
    Ok(copies)
}

fn unknown(name: &str, layers: &[Named]) -> MappingError {
    let on_macros = layers.iter().filter(|layer| layer.demand.is_some());
    let known: Vec<&str> = on_macros.map(|layer| layer.name).collect();
    let is_digital = layers.iter().any(|layer| layer.name == name);
    let hint = nearest(name, &known).filter(|_| !is_digital);
    MappingError::UnknownLayer {
        name: name.into(),
        found: match is_digital {
            true => "computed by the digital unit, which has no copies",
            false => "no such layer",
        },
        known: known.join(", "),
        hint: hint.map_or(String::new(), |near| format!("; did you mean `{near}`?")),
    }
}
