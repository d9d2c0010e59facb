//! Which pixels a pixel waits for, against marking every value that it depends on.

use super::geometry;
use imcsim::mapping::needs::needs;
use imcsim::net::network::{Geometry, Layer, Weights};

fn layer(geometry: Geometry, pool: Option<usize>, linear: bool) -> Layer {
    Layer {
        name: "layer".into(),
        geometry,
        linear,
        weights: Weights::Macro { bits: 2 },
        activation_bits: Some(2),
        pool,
    }
}

/// Last pixel of the map before that reaches the window of output pixel (y, x), by looking at all of them.
fn brute_force(from: (usize, usize), pool: usize, next: &Geometry, (y, x): (usize, usize)) -> u32 {
    let inside = |at: usize, out: usize, size: usize| {
        let pooled = at / pool;
        let padded = pooled + next.padding;
        pooled < size && padded >= out * next.stride && padded < out * next.stride + next.kernel
    };
    let mut last = 0;
    for pixel in 0..from.0 * from.1 {
        let (py, px) = (pixel / from.1, pixel % from.1);
        if inside(py, y, next.input.height) && inside(px, x, next.input.width) {
            last = pixel as u32 + 1;
        }
    }
    last
}

#[test]
fn needs_are_those_of_every_value() {
    let mut tested = 0;
    for (height, width) in [(2, 2), (5, 7), (8, 6), (9, 9)] {
        for pool in [1, 2, 3] {
            if pool > height.min(width) {
                continue;
            }
            let before = layer(
                geometry((1, height, width), 3, (1, 1, 0)),
                Some(pool),
                false,
            );
            let before = if pool == 1 {
                Layer {
                    pool: None,
                    ..before
                }
            } else {
                before
            };
            let (h, w) = (height / pool, width / pool);
            for (kernel, stride, padding) in [
                (1, 1, 0),
                (2, 2, 0),
                (3, 1, 1),
                (3, 2, 1),
                (5, 1, 2),
                (1, 1, 1),
            ] {
                if kernel > h.min(w) + 2 * padding {
                    continue;
                }
                let next = geometry((3, h, w), 4, (kernel, stride, padding));
                let found = needs(&before, &layer(next, None, false));
                let map = next.output();
                assert_eq!(found.len(), map.height * map.width);
                let mut most = 0;
                for (pixel, &need) in found.iter().enumerate() {
                    let at = (pixel / map.width, pixel % map.width);
                    most = brute_force((height, width), pool, &next, at).max(most);
                    assert_eq!(need, most, "{next:?} pool {pool} pixel {at:?}");
                    tested += 1;
                }
            }
        }
    }
    assert!(tested > 500, "{tested}");
}

#[test]
fn a_fully_connected_layer_needs_all() {
    let before = layer(geometry((2, 5, 5), 3, (3, 1, 1)), Some(2), false);
    let full = layer(geometry((3 * 4, 1, 1), 7, (1, 1, 0)), None, true);
    assert_eq!(needs(&before, &full), [25]);
    assert_eq!(
        needs(&full, &layer(geometry((7, 1, 1), 7, (1, 1, 0)), None, true)),
        [1]
    );
    // A map of one pixel is flattened too.
    let small = layer(geometry((2, 2, 2), 3, (1, 1, 0)), Some(2), false);
    assert_eq!(
        needs(
            &small,
            &layer(geometry((3, 1, 1), 7, (1, 1, 0)), None, true)
        ),
        [4]
    );
}
