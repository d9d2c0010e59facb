//! A layer from its file is the layer in its network: sums bit for bit, and the cycles of its own schedule.

use super::support::hardware;
use super::{about, images, small, vgg};
use imcsim::convert::record::inputs;
use imcsim::cycle::engine;
use imcsim::cycle::observer::Blind;
use imcsim::cycle::outcome::Outcome;
use imcsim::data::Dataset;
use imcsim::hw::chip::Hardware;
use imcsim::hw::readout::columns::ColumnReadouts;
use imcsim::hw::tiles::{DuplicationSpec, NoSpec, Order};
use imcsim::kernel::lanes::LANES;
use imcsim::kernel::stream::NoiseKey;
use imcsim::net::network::Weights;
use imcsim::net::recorded::{Recorded, RecordedLayer, from_bytes, to_bytes};
use imcsim::net::weights::Trained;
use imcsim::sim::accuracy::Images;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::cycles::OnChip;
use imcsim::sim::forward::{Seen, accumulate, forward};
use imcsim::sim::prepare::Prepared;

/// Everything about conv2 and conv6 of the built-in VGG: the network with its read-outs, and the recording of two test images.
struct Pair {
    hardware: Hardware,
    trained: Trained,
    data: Dataset,
    recorded: Recorded,
    /// Numbers of the recorded layers in the network.
    layers: [usize; 2],
}

const RECORDED: usize = 2;

fn pair() -> Pair {
    let (data, trained) = vgg();
    let layers = [1, 5];
    let pixels = &data.test.pixels[..RECORDED * data.shape.len()];
    let codes = inputs(&trained.network, pixels, &layers);
    let layers_of = layers.iter().zip(codes).map(|(&index, inputs)| {
        let int = &trained.network.layers[index];
        RecordedLayer {
            layer: int.layer.clone(),
            input_bits: trained.network.network.input_bits(index),
            weights: int.codes.clone(),
            inputs,
        }
    });
    let recorded = Recorded {
        layers: layers_of.collect(),
        about: about(RECORDED),
    };
    // Through the bytes of a file.
    let recorded = from_bytes(&to_bytes(&recorded).expect("bytes"), "x").expect("read");
    Pair {
        hardware: hardware("reram_9wl", &[]),
        trained,
        data,
        recorded,
        layers,
    }
}

impl Pair {
    fn readouts(&self, prepared: &Prepared) -> Vec<Vec<ColumnReadouts>> {
        let count = 32;
        let train = &self.data.train;
        let pixels = &train.pixels[..count * self.data.shape.len()];
        let images = images(pixels, &train.labels[..count], self.data.shape);
        let sums = count_sums(prepared, images, 7).expect("counted");
        place(prepared, &self.hardware.readout, &sums).expect("placed")
    }

    fn test(&self) -> Images<'_> {
        let (pixels, labels) = (&self.data.test.pixels, &self.data.test.labels);
        images(pixels, labels, self.data.shape).first(RECORDED)
    }
}

/// Sums of every layer shown, `[output][y][x]` of each image.
fn sums_of(seen: &[f32], lanes: usize) -> Vec<Vec<u32>> {
    let lane = |lane: usize| {
        let own = seen.iter().skip(lane).step_by(LANES);
        own.map(|sum| sum.to_bits()).collect()
    };
    (0..lanes).map(lane).collect()
}

#[test]
fn a_recorded_layer_computes_what_it_computes_in_its_network() {
    let pair = pair();
    let prepared = Prepared::new(&pair.trained.network, &pair.hardware).expect("fits");
    let readouts = pair.readouts(&prepared);
    let condition = Condition::noise_free(&readouts);
    let key = NoiseKey {
        seed: 0,
        layer: 0,
        block: 0,
        repeat: 0,
        conversion: 0,
    };
    // In the network: ideal values up to the layer, then its partial sums through the read-outs.
    let (mut inside, mut ideal) = (Vec::new(), Vec::new());
    let block = pair.test().block(0);
    forward(
        &prepared,
        &Condition::ideal(),
        block,
        0,
        &mut |seen: Seen| {
            if pair.layers.contains(&seen.layer) {
                let (layer, int) = (
                    &prepared.layers[seen.layer],
                    &pair.trained.network.layers[seen.layer],
                );
                let through = accumulate(
                    layer,
                    int,
                    &condition.layers[seen.layer],
                    seen.input,
                    key,
                    false,
                );
                inside.push(sums_of(&through.values, RECORDED));
                ideal.push(sums_of(&seen.sums.values, RECORDED));
            }
        },
    );
    // From the file, with the same read-outs.
    let network = pair.recorded.network();
    let alone = Prepared::new(&network, &pair.hardware).expect("fits");
    let own: Vec<Vec<ColumnReadouts>> =
        pair.layers.iter().map(|&at| readouts[at].clone()).collect();
    let (codes, labels) = (pair.recorded.codes(), vec![0; RECORDED]);
    let inputs = images(&codes, &labels, network.network.input);
    for (condition, expected) in [
        (Condition::noise_free(&own), &inside),
        (Condition::ideal(), &ideal),
    ] {
        let mut found = Vec::new();
        forward(&alone, &condition, inputs.block(0), 0, &mut |seen: Seen| {
            found.push(sums_of(&seen.sums.values, RECORDED));
        });
        assert!(found == *expected, "sums differ");
    }
    assert_eq!(inside.len(), 2);
    assert!(inside != ideal, "the read-outs change sums");
    assert_eq!(inside[0][0].len(), 64 * 32 * 32);
    assert_eq!(inside[1][1].len(), 256 * 8 * 8);
}

/// Cycles of the rounds of recorded layers on the chip, first image, under read-outs by layer.
fn rounds(
    recorded: &Recorded,
    hardware: &Hardware,
    readouts: &[Vec<ColumnReadouts>],
) -> Vec<Outcome> {
    let network = recorded.network();
    let prepared = Prepared::new(&network, hardware).expect("fits");
    let (codes, labels) = (recorded.codes(), vec![0; recorded.images()]);
    let inputs = images(&codes, &labels, network.network.input).first(1);
    let condition = Condition::noise_free(readouts);
    let chip = OnChip::new(&prepared, readouts, &condition, inputs).expect("laid out");
    let rounds = chip.mapped.rounds.iter();
    rounds
        .map(|round| {
            let activity = chip.activity(round).expect("activity");
            engine::run(&round.plan, &activity, &mut Blind).expect("runs")
        })
        .collect()
}

#[test]
fn a_recorded_layer_takes_the_cycles_of_its_own_schedule() {
    let pair = pair();
    // Every macro is a tile of its own: otherwise a layer beside others lies across tiles in another way than one alone, and
    // other partial sums take the bus.
    let mut hardware = pair.hardware.clone();
    let chip = hardware.chip.as_mut().expect("there is a chip");
    (chip.tiles, chip.macros_per_tile) = (chip.tiles * chip.macros_per_tile, 1);
    // One copy of each layer, one after the other: a layer's span is its own then.
    chip.schedule.order = Order::LayerByLayer;
    chip.duplication = DuplicationSpec::None(NoSpec {});
    let hardware = &hardware;
    let prepared = Prepared::new(&pair.trained.network, hardware).expect("fits");
    let readouts = pair.readouts(&prepared);
    // Partial sums are as wide as the codes' levels: the same read-outs in both places.
    let own: Vec<Vec<ColumnReadouts>> =
        pair.layers.iter().map(|&at| readouts[at].clone()).collect();
    let both = rounds(&pair.recorded, hardware, &own);
    assert_eq!(both.len(), 2, "every layer has the chip for itself");
    for (at, outcome) in both.iter().enumerate() {
        let one = Recorded {
            about: pair.recorded.about.clone(),
            layers: vec![pair.recorded.layers[at].clone()],
        };
        let alone = rounds(&one, hardware, &own[at..=at]);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0], *outcome, "the layer beside it changes nothing");
    }
    // In the network, layer by layer, one copy of each layer: the same work from its start to its end.
    let condition = Condition::noise_free(&readouts);
    let chip =
        OnChip::new(&prepared, &readouts, &condition, pair.test().first(1)).expect("laid out");
    assert_eq!(chip.mapped.rounds.len(), 1, "the network fits at once");
    let round = &chip.mapped.rounds[0];
    let activity = chip.activity(round).expect("activity");
    let whole = engine::run(&round.plan, &activity, &mut Blind).expect("runs");
    for (outcome, &layer) in both.iter().zip(&pair.layers) {
        let (own, inside) = (&outcome.layers[0], &whole.layers[layer]);
        assert_eq!(
            own.end - own.start,
            inside.end - inside.start,
            "layer {layer}"
        );
        assert_eq!(own.bits, inside.bits, "layer {layer}");
        assert_eq!(own.bit_links, inside.bit_links, "layer {layer}");
    }
}

#[test]
fn rounds_of_recorded_layers_write_no_weights_and_take_their_own_copies() {
    let mut recorded = small();
    // What a macro of two levels and two bits of input takes.
    recorded.layers[1].layer.weights = Weights::Macro { bits: 2 };
    recorded.layers[1].input_bits = 2;
    let hardware = hardware("ideal", &[]);
    let network = recorded.network();
    let mapped = imcsim::mapping::plan::map_network(&hardware, &network.network, None, 1);
    let mapped = mapped.expect("fits");
    assert_eq!(mapped.rounds.len(), 2);
    assert!(mapped.rounds.iter().all(|round| round.weight_cycles == 0));
    // Copies by hand are those of the layers that are there.
    let mut hardware = hardware;
    let copies = [("conv".to_string(), 3), ("elsewhere".to_string(), 2)];
    let chip = hardware.chip.as_mut().expect("there is a chip");
    chip.duplication = DuplicationSpec::ByHand(copies.into());
    let mapped = imcsim::mapping::plan::map_network(&hardware, &network.network, None, 1);
    let mapped = mapped.expect("fits");
    assert_eq!(mapped.rounds[0].parts[0].copies, 3);
    assert_eq!(mapped.rounds[1].parts[0].copies, 1);
}
