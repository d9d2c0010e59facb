//! Images as the cycle engine sees them: the input codes of every macro layer, and where the codes of its read-outs come from.
//!
//! The network runs as in [`super::accuracy`], with the same noise by place, so that codes asked for later are those that the
//! simulator's own sums were made of. Not responsible for codes (`convert::codes`) nor for what is done with them (`mapping`).

use super::accuracy::Images;
use super::condition::{Condition, ConversionReadout, Conversions};
use super::error::SimError;
use super::forward::{Seen, forward};
use super::prepare::Prepared;
use crate::convert::codes::{Input, LayerCodes, Tables};
use crate::kernel::stream::NoiseKey;
use crate::mapping::activity::LayerValues;

/// All images under a condition, by layer of the network; none for digital layers.
///
/// # Errors
/// If the images do not fit the network, or the condition has no codes by table.
pub fn image_values<'a>(
    prepared: &Prepared<'a>,
    condition: &Condition,
    images: Images,
) -> Result<Vec<Option<LayerValues<'a>>>, SimError> {
    images.check(prepared)?;
    let mut values = Vec::with_capacity(prepared.layers.len());
    for (index, int) in prepared.network.layers.iter().enumerate() {
        let layer = &prepared.layers[index];
        if layer.conversions.is_empty() {
            values.push(None);
            continue;
        }
        let readouts = condition.layers.get(index).map_or(&[][..], Vec::as_slice);
        let tables: Vec<Tables> = readouts.iter().filter_map(by_table).collect();
        if tables.len() != layer.conversions.len() {
            let layer = int.layer.name.clone();
            return Err(SimError::NoCodes { layer });
        }
        values.push(Some(LayerValues {
            codes: LayerCodes::new(&layer.conversions, &tables),
            weights: layer.conversions[0].weights.plan.on_word_lines(&int.codes),
            images: Vec::with_capacity(images.labels.len()),
        }));
    }
    for block in 0..images.blocks() {
        let used = images.in_block(block);
        let mut keep = |seen: Seen| {
            let Some(values) = &mut values[seen.layer] else {
                return;
            };
            let key = NoiseKey {
                seed: condition.seed,
                layer: seen.layer as u64,
                block: block as u64,
                repeat: condition.repeat,
                conversion: 0,
            };
            let weights = &prepared.layers[seen.layer].conversions[0].weights;
            for lane in 0..used {
                let input = Input::new(weights, seen.input, lane);
                values.images.push((input, values.codes.reads(key, lane)));
            }
        };
        let pixels = images.block(block);
        forward(prepared, condition, pixels, block as u64, &mut keep);
    }
    Ok(values)
}

fn by_table(readout: &ConversionReadout) -> Option<Tables<'_>> {
    match &readout.conversions {
        Conversions::Table(codes) => Some(Tables {
            codes,
            decodes: &readout.decodes,
            columns: &readout.columns,
        }),
        Conversions::Chip(_) => None,
    }
}
