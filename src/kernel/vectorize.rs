//! Loops over whole slices compiled for the widest vectors of the machine.
//!
//! Plain Rust loops vectorize by themselves, but only for the instructions the program is compiled for, which are those of any
//! x86-64. Work passed here is compiled once for each instruction set; no operation is fused or reordered, so all give the same
//! bits. For work of thousands of numbers that calls nothing it would not inline. Not responsible for threads.

/// Calls `work` in a form compiled for the widest instruction set of the processor.
#[inline(always)]
pub fn vectorize<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn on_avx512<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        #[target_feature(enable = "avx2")]
        fn on_avx2<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        let is_avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if is_avx512 {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { on_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { on_avx2(work) };
        }
    }
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_bits_of_the_plain_loop() {
        let values: Vec<f32> = (0..1000u16).map(|i| f32::from(i).sqrt() - 11.3).collect();
        let work = |to: &mut [f32]| {
            for (to, &x) in to.iter_mut().zip(&values) {
                // A product and a sum that a fused operation would round once.
                *to = if x > 0.0 { x * 1.1 + 0.3 } else { x / 7.0 };
            }
        };
        let (mut plain, mut wide) = (vec![0.0; 1000], vec![0.0; 1000]);
        work(&mut plain);
        vectorize(|| work(&mut wide));
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&plain), bits(&wide));
    }
}
