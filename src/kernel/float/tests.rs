//! Do the register tiles compute the formulas: against the reference on every instruction set of this machine, exactly on
//! integers; is each pass the adjoint of the others; do threads change nothing.

use super::*;
use crate::instructions::Instructions;
use crate::rng::{Purpose, keyed};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// Geometries that touch every edge: kernels 1, 3, 5, paddings 0..2, strides 1 and 2, uneven channels and maps.
fn geometries() -> Vec<Geometry> {
    let mut all = Vec::new();
    for (kernel, padding, stride) in [
        (1, 0, 1),
        (1, 1, 2),
        (1, 0, 2),
        (3, 0, 1),
        (3, 1, 1),
        (3, 2, 1),
        (3, 1, 2),
        (3, 0, 2),
        (5, 2, 1),
        (5, 0, 2),
        (5, 1, 1),
        (3, 0, 5),
    ] {
        for (channels, height, width, outputs) in [(1, 5, 5, 1), (7, 6, 9, 5), (19, 8, 7, 11)] {
            let input = Shape {
                channels,
                height,
                width,
            };
            all.push(Geometry {
                input,
                outputs,
                kernel,
                stride,
                padding,
            });
        }
    }
    for (channels, outputs) in [(64, 10), (320, 49), (33, 3)] {
        all.push(connected(channels, outputs));
    }
    all
}

fn connected(channels: usize, outputs: usize) -> Geometry {
    Geometry {
        input: Shape {
            channels,
            height: 1,
            width: 1,
        },
        outputs,
        kernel: 1,
        stride: 1,
        padding: 0,
    }
}

/// Everything the three passes read, for two blocks.
struct Case<T> {
    inputs: Vec<Lanes<T>>,
    grad_outputs: Vec<Lanes<T>>,
    weights: Vec<T>,
}

/// Everything they write.
struct Results<T> {
    outputs: Vec<Lanes<T>>,
    grad_inputs: Vec<Lanes<T>>,
    grad_weights: Vec<T>,
}

fn empty<T: Real>(shape: Shape, border: usize) -> Lanes<T> {
    Lanes::zeros(shape.channels, shape.height, shape.width, border)
}

impl<T: Real> Case<T> {
    /// Values from `draw`, with borders that are now too narrow and now wider than needed.
    fn new(geometry: &Geometry, place: u64, draw: impl Fn(&mut Pcg64Mcg) -> f64) -> Self {
        let mut generator = keyed(1, Purpose::Pattern, &[place]);
        let border = (place % 4) as usize;
        let mut block = |shape: Shape| {
            let mut block = empty(shape, border);
            for channel in 0..shape.channels {
                for pixel in 0..shape.height * shape.width {
                    let pixel = block.pixel_mut(channel, pixel / shape.width, pixel % shape.width);
                    pixel.fill_with(|| T::from_f64(draw(&mut generator)));
                }
            }
            block
        };
        let inputs = vec![block(geometry.input), block(geometry.input)];
        let grad_outputs = vec![block(geometry.output()), block(geometry.output())];
        let count = geometry.outputs * geometry.rows();
        let weights = (0..count).map(|_| T::from_f64(draw(&mut generator)));
        Case {
            inputs,
            grad_outputs,
            weights: weights.collect(),
        }
    }

    fn run(&self, geometry: &Geometry, passes: impl FnOnce(&Self, &mut Results<T>)) -> Results<T> {
        let mut results = Results {
            outputs: vec![empty(geometry.output(), 1); 2],
            grad_inputs: vec![empty(geometry.input, 2); 2],
            grad_weights: vec![T::from_f64(0.5); self.weights.len()],
        };
        let stale = T::from_f64(9.0);
        results.outputs[0].pixel_mut(0, 0, 0).fill(stale);
        results.grad_inputs[0].pixel_mut(0, 0, 0).fill(stale);
        passes(self, &mut results);
        results
    }

    /// The three passes as users call them.
    fn dispatched(&self, geometry: &Geometry) -> Results<T> {
        self.run(geometry, |case, to| {
            forward_batch(&case.inputs, &case.weights, geometry, &mut to.outputs);
            let (slopes, weights) = (&case.grad_outputs, &case.weights);
            backward_input_batch(slopes, weights, geometry, &mut to.grad_inputs);
            backward_weights_batch(&case.inputs, slopes, geometry, &mut to.grad_weights);
        })
    }
}

impl Case<f32> {
    /// The three passes on one instruction set.
    fn on(&self, instructions: Instructions, geometry: &Geometry) -> Results<f32> {
        self.run(geometry, |case, to| {
            forward_f32::forward(
                instructions,
                &case.inputs,
                &case.weights,
                geometry,
                &mut to.outputs,
            );
            let (slopes, weights) = (&case.grad_outputs, &case.weights);
            input_f32::backward_input(instructions, slopes, weights, geometry, &mut to.grad_inputs);
            weights_f32::backward_weights(
                instructions,
                &case.inputs,
                slopes,
                geometry,
                &mut to.grad_weights,
            );
        })
    }
}

impl<T: Real> Results<T> {
    /// All numbers including borders, pass by pass.
    fn passes(&self) -> [Vec<f64>; 3] {
        let flat = |blocks: &[Lanes<T>]| -> Vec<f64> {
            let values = blocks.iter().flat_map(|block| block.values.iter());
            values.map(|value| value.to_f64()).collect()
        };
        let weights = self.grad_weights.iter().map(|value| value.to_f64());
        [
            flat(&self.outputs),
            flat(&self.grad_inputs),
            weights.collect(),
        ]
    }
}

/// Values in f32 precision, so that f32 and f64 cases are the same.
fn uniform(generator: &mut Pcg64Mcg) -> f64 {
    f64::from(generator.random::<f32>() - 0.5)
}

fn integer(generator: &mut Pcg64Mcg) -> f64 {
    f64::from(generator.random_range(-8..=8_i32))
}

#[test]
fn tiles_agree_with_the_reference() {
    for (place, geometry) in geometries().iter().enumerate() {
        let exact = Case::<f64>::new(geometry, place as u64, uniform).dispatched(geometry);
        let case = Case::<f32>::new(geometry, place as u64, uniform);
        for instructions in Instructions::all_available() {
            let fast = case.on(instructions, geometry);
            for (exact, fast) in exact.passes().iter().zip(fast.passes()) {
                let scale = exact.iter().fold(1.0, |max: f64, v| max.max(v.abs()));
                for (exact, fast) in exact.iter().zip(fast) {
                    let error = (exact - fast).abs() / scale;
                    assert!(
                        error < 1e-6,
                        "{instructions:?} {geometry:?}: {fast} instead of {exact}"
                    );
                }
            }
        }
    }
}

#[test]
fn tiles_are_exact_on_integers() {
    for (place, geometry) in geometries().iter().enumerate() {
        let exact = Case::<f64>::new(geometry, place as u64, integer).dispatched(geometry);
        let case = Case::<f32>::new(geometry, place as u64, integer);
        for instructions in Instructions::all_available() {
            assert!(
                case.on(instructions, geometry).passes() == exact.passes(),
                "{instructions:?} {geometry:?}"
            );
        }
    }
}

fn inner(a: &[Lanes<f64>], b: &[Lanes<f64>]) -> f64 {
    let pair = |(a, b): (&Lanes<f64>, &Lanes<f64>)| -> f64 {
        let (a, b) = (a.with_border(0), b.with_border(0));
        a.values
            .iter()
            .zip(b.values.iter())
            .map(|(a, b)| a * b)
            .sum()
    };
    a.iter().zip(b).map(pair).sum()
}

#[test]
fn passes_are_adjoint() {
    for (place, geometry) in geometries().iter().enumerate() {
        let case = Case::<f64>::new(geometry, place as u64, uniform);
        let results = case.dispatched(geometry);
        let by_output = inner(&results.outputs, &case.grad_outputs);
        let by_input = inner(&results.grad_inputs, &case.inputs);
        let pairs = results.grad_weights.iter().zip(&case.weights);
        let by_weights: f64 = pairs.map(|(slope, weight)| (slope - 0.5) * weight).sum();
        assert!((by_output - by_input).abs() < 1e-10, "{geometry:?}");
        assert!((by_output - by_weights).abs() < 1e-10, "{geometry:?}");
    }
}

#[test]
fn threads_change_nothing() {
    let run = |threads: usize| -> Vec<[Vec<f64>; 3]> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("a thread pool can be made");
        let each = |(place, geometry): (usize, &Geometry)| {
            let case = Case::<f32>::new(geometry, place as u64, uniform);
            case.dispatched(geometry).passes()
        };
        pool.install(|| geometries().iter().enumerate().map(each).collect())
    };
    assert!(run(1) == run(2), "one and two threads differ");
}

#[test]
fn one_block_is_a_batch_of_one() {
    let geometry = geometries()[13];
    let case = Case::<f32>::new(&geometry, 13, uniform);
    let batch = case.dispatched(&geometry);
    let single = case.run(&geometry, |case, to| {
        for block in 0..2 {
            let (input, slope) = (&case.inputs[block], &case.grad_outputs[block]);
            forward(input, &case.weights, &geometry, &mut to.outputs[block]);
            backward_input(slope, &case.weights, &geometry, &mut to.grad_inputs[block]);
            backward_weights(input, slope, &geometry, &mut to.grad_weights);
        }
    });
    let (batch, single) = (batch.passes(), single.passes());
    assert!(batch[..2] == single[..2], "blocks are independent");
    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-4;
    assert!(
        batch[2].iter().zip(&single[2]).all(close),
        "weights add up over blocks"
    );
}
