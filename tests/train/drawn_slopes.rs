//! Slopes that depend on a draw, through the whole pass of a layer: inputs and weights get back the factor of the code that was read,
//! or of the draw, place by place; and what the forward pass gives is what was read. In the numbers of training and in those of the formula.

use super::readings::reading;
use super::support::hardware;
use super::through_macro::{ONE, Random, mvm};
use super::trained;
use approx::assert_relative_eq;
use imcsim::hw::readout::table::CodeTable;
use imcsim::kernel::lanes::LANES;
use imcsim::kernel::stream::{NoiseKey, NoiseStream};
use imcsim::kernel::tables::{Grain, RandomTable, TOLERANCE};
use imcsim::train::deploy::deploy;
use imcsim::train::mvm::{Estimator, Slopes, slopes};
use imcsim::train::quantizer::weight::StepRule;

const TEMPERATURE: f64 = 0.5;
/// Layer that is looked at: fully connected, five groups.
const LAYER: u64 = 2;

/// What a place reads and passes back, by the definition: its random bytes, the law, the estimator's table.
struct Places {
    table: CodeTable,
    random: RandomTable,
    slopes: Slopes,
    stream: NoiseStream,
}

impl Places {
    /// Byte of a draw: 0 and 1 are those of the code, 2 that of the pool.
    fn byte(&self, (output, lane, group): (usize, usize, usize), draw: u32) -> usize {
        let lanes = self.stream.draw(output as u32, 0, group as u32, draw);
        usize::from(lanes[lane])
    }

    fn uniform(&self, place: (usize, usize, usize)) -> usize {
        self.byte(place, 0) << 8 | self.byte(place, 1)
    }

    /// Value that is read and factor of the gradient.
    fn at(&self, place: (usize, usize, usize), sum: usize) -> (f64, f64) {
        let uniform = match self.random.grain {
            Grain::Eight => self.byte(place, 0),
            Grain::Sixteen => self.uniform(place),
        };
        let level = self
            .random
            .level(self.table.s_min + sum as i32, uniform as u32);
        let levels = &self.table.decode.levels;
        let code = levels.iter().position(|&l| l == level).expect("a code");
        let value = f64::from(self.table.decode.value(code));
        match &self.slopes {
            Slopes::BySum(list) => (value, f64::from(list[sum])),
            Slopes::ByCode { codes, table } => (value, f64::from(table[sum * codes + code])),
            Slopes::Drawn {
                codes,
                draws,
                table,
            } => {
                let drawn = self.byte(place, 2) % draws;
                (
                    value,
                    f64::from(table[(sum * codes + code) * draws + drawn]),
                )
            }
            Slopes::Soft {
                draws,
                values,
                slopes,
            } => {
                let at = sum * draws + self.uniform(place) % draws;
                (f64::from(values[at]), f64::from(slopes[at]))
            }
        }
    }
}

#[test]
fn a_layer_passes_back_the_factor_of_what_it_read() {
    let (model, _) = trained(StepRule::Learned, 1, 96);
    let network = deploy(&model).expect("quantized");
    let random = Random::new(&network, LAYER as usize);
    for name in ["lattice", "reinmax", "gumbel-rao", "gumbel-sampled", "soft"] {
        let estimator = Estimator::parse(name, TEMPERATURE).expect("a name");
        let (reading, readout) = reading(&mvm(hardware("reram_9wl", &[]), estimator), ONE, 7);
        assert_eq!(reading.conversions.len(), 1, "signed sums in one read");
        assert_eq!(reading.conversions[0].conversion.factor, 1);
        let table = readout.table();
        let key = NoiseKey {
            conversion: 0,
            ..reading.key
        };
        let places = Places {
            random: RandomTable::new(&table, TOLERANCE),
            slopes: slopes(&table, estimator, 1, &[1, LAYER, 0]),
            stream: NoiseStream::new(key),
            table,
        };
        let (mut read, mut seen) = (vec![0.0; random.columns() as usize * LANES], Vec::new());
        let mut factor = |(output, lane, group): (usize, usize, usize), sum: usize| {
            let (value, slope) = places.at((output, lane, group), sum);
            read[output * LANES + lane] += value;
            seen.push(slope);
            slope
        };
        let (weights, inputs) = random.gradients(&readout, &mut factor);
        let expected = [read, weights, inputs];
        let exact = random.there_and_back::<f64>(reading.clone());
        for found in [exact, random.there_and_back::<f32>(reading)] {
            for (found, expected) in found.concat().iter().zip(expected.concat()) {
                assert_relative_eq!(*found, expected, epsilon = 1e-3);
            }
        }
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        let different = if name == "lattice" { 3 } else { 20 };
        assert!(seen.len() >= different, "{name}: {} slopes", seen.len());
        assert!(expected[1].iter().any(|g| g.abs() > 0.5), "{name}");
    }
}

#[test]
fn blocks_of_a_batch_read_each_with_its_own_noise() {
    let (model, _) = trained(StepRule::Learned, 1, 96);
    let network = deploy(&model).expect("quantized");
    let random = Random::new(&network, LAYER as usize);
    let (reading, _) = reading(&mvm(hardware("reram_9wl", &[]), Estimator::Lattice), ONE, 7);
    let together = random.sums_of_blocks(3, reading.clone());
    for (block, sums) in together.iter().enumerate() {
        let mut alone = reading.clone();
        alone.key.block = block as u64;
        let alone = random.sums_of_blocks(1, alone);
        assert!(sums.values[..] == alone[0].values[..], "block {block}");
    }
    assert!(
        together[0].values[..] != together[1].values[..],
        "same inputs, other noise"
    );
}
