//! Convolutions of the trainer: fast = reference, exact on integers, backward passes adjoint to the forward one.

use imcsim::kernel::float::{
    Real, backward_input, backward_input_batch, backward_weights, backward_weights_batch, forward,
    forward_batch, reference,
};
use imcsim::kernel::lanes::Lanes;
use imcsim::net::network::{Geometry, Shape};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;

fn geometries() -> Vec<Geometry> {
    let shape = |channels, height, width| Shape {
        channels,
        height,
        width,
    };
    let new = |input, outputs, kernel, stride, padding| Geometry {
        input,
        outputs,
        kernel,
        stride,
        padding,
    };
    vec![
        new(shape(3, 7, 6), 8, 3, 1, 1),
        new(shape(5, 4, 4), 13, 3, 1, 0),
        new(shape(2, 9, 9), 7, 5, 1, 2),
        new(shape(4, 8, 7), 6, 3, 2, 1),
        new(shape(37, 1, 1), 11, 1, 1, 0),
        new(shape(1, 1, 1), 1, 1, 1, 0),
    ]
}

fn random<T: Real>(shape: Shape, border: usize, integers: bool, place: u64) -> Lanes<T> {
    let mut block = Lanes::<T>::zeros(shape.channels, shape.height, shape.width, border);
    let mut rng = keyed(11, Purpose::Data, &[place]);
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            for x in 0..shape.width {
                for value in block.pixel_mut(channel, y, x) {
                    let uniform = rng.random::<f64>() * 2.0 - 1.0;
                    *value = T::from_f64(if integers {
                        (uniform * 100.0).round()
                    } else {
                        uniform
                    });
                }
            }
        }
    }
    block
}

fn weights<T: Real>(geometry: &Geometry, integers: bool) -> Vec<T> {
    let mut rng = keyed(12, Purpose::Weights, &[]);
    let one = |_| {
        let uniform = rng.random::<f64>() * 2.0 - 1.0;
        T::from_f64(if integers {
            (uniform * 9.0).round()
        } else {
            uniform
        })
    };
    (0..geometry.outputs * geometry.rows()).map(one).collect()
}

fn dot<T: Real>(a: &Lanes<T>, b: &Lanes<T>) -> f64 {
    let mut sum = 0.0;
    for channel in 0..a.channels {
        for y in 0..a.height {
            for x in 0..a.width {
                sum += a
                    .pixel(channel, y, x)
                    .iter()
                    .zip(b.pixel(channel, y, x))
                    .map(|(a, b)| a.to_f64() * b.to_f64())
                    .sum::<f64>();
            }
        }
    }
    sum
}

fn like(shape: Shape, border: usize) -> Lanes<f32> {
    Lanes::zeros(shape.channels, shape.height, shape.width, border)
}

#[test]
fn fast_passes_equal_the_reference_and_are_exact_on_integers() {
    for geometry in geometries() {
        for integers in [false, true] {
            let x = random::<f32>(geometry.input, geometry.padding, integers, 1);
            let g = random::<f32>(geometry.output(), 1, integers, 2);
            let w = weights::<f32>(&geometry, integers);
            let (mut fast, mut slow) = (like(geometry.output(), 1), like(geometry.output(), 1));
            forward(&x, &w, &geometry, &mut fast);
            reference::forward(
                std::slice::from_ref(&x),
                &w,
                &geometry,
                std::slice::from_mut(&mut slow),
            );
            close(&fast.values, &slow.values, integers);
            let (mut fast, mut slow) = (like(geometry.input, 0), like(geometry.input, 0));
            backward_input(&g, &w, &geometry, &mut fast);
            reference::backward_input(
                std::slice::from_ref(&g),
                &w,
                &geometry,
                std::slice::from_mut(&mut slow),
            );
            close(&fast.values, &slow.values, integers);
            let (mut fast, mut slow) = (vec![1.0; w.len()], vec![1.0; w.len()]);
            backward_weights(&x, &g, &geometry, &mut fast);
            reference::backward_weights(
                std::slice::from_ref(&x),
                std::slice::from_ref(&g),
                &geometry,
                &mut slow,
            );
            close(&fast, &slow, integers);
        }
    }
}

fn close(fast: &[f32], slow: &[f32], exact: bool) {
    let scale = slow.iter().fold(1.0f32, |most, v| most.max(v.abs()));
    for (a, b) in fast.iter().zip(slow) {
        assert!(
            (a - b).abs() <= if exact { 0.0 } else { 1e-5 * scale },
            "{a} against {b}"
        );
    }
}

#[test]
fn backward_passes_are_adjoint_to_the_forward_pass() {
    for geometry in geometries() {
        let x = random::<f64>(geometry.input, geometry.padding, false, 3);
        let g = random::<f64>(geometry.output(), 0, false, 4);
        let w = weights::<f64>(&geometry, false);
        let out = geometry.output();
        let mut y = Lanes::<f64>::zeros(out.channels, out.height, out.width, 0);
        forward(&x, &w, &geometry, &mut y);
        let mut dx = Lanes::<f64>::zeros(
            geometry.input.channels,
            geometry.input.height,
            geometry.input.width,
            0,
        );
        backward_input(&g, &w, &geometry, &mut dx);
        let mut dw = vec![0.0; w.len()];
        backward_weights(&x, &g, &geometry, &mut dw);
        let forward_product = dot(&y, &g);
        let weight_product: f64 = w.iter().zip(&dw).map(|(a, b)| a * b).sum();
        assert!((forward_product - dot(&x, &dx)).abs() < 1e-9 * (1.0 + forward_product.abs()));
        assert!((forward_product - weight_product).abs() < 1e-9 * (1.0 + forward_product.abs()));
    }
}

#[test]
fn threads_do_not_matter() {
    let geometry = geometries()[0];
    let inputs: Vec<_> = (0..3)
        .map(|k| random::<f32>(geometry.input, 1, false, k))
        .collect();
    let gradients: Vec<_> = (0..3)
        .map(|k| random::<f32>(geometry.output(), 0, false, 10 + k))
        .collect();
    let w = weights::<f32>(&geometry, false);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let mut y = vec![like(geometry.output(), 0); 3];
            forward_batch(&inputs, &w, &geometry, &mut y);
            let mut dx = vec![like(geometry.input, 1); 3];
            backward_input_batch(&gradients, &w, &geometry, &mut dx);
            let mut dw = vec![0.0; w.len()];
            backward_weights_batch(&inputs, &gradients, &geometry, &mut dw);
            (y[2].values.to_vec(), dx[1].values.to_vec(), dw)
        })
    };
    assert_eq!(run(1), run(4));
}
