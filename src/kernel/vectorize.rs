//! Functions compiled for the widest vectors of the machine.
//!
//! Plain Rust loops vectorize by themselves, but only for the instructions the program is compiled for, which are those of any
//! x86-64. `vectorized!` compiles the function written in it once for each instruction set and chooses at the call; no operation
//! is fused or reordered, so all forms give the same bits. For functions over thousands of numbers; what they call has to be
//! `#[inline(always)]` or small. Not responsible for threads.

use super::groups::Backend;
use crate::instructions::Instructions;

impl From<Backend> for Instructions {
    /// Those that a backend of this processor has.
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Scalar | Backend::Portable => Instructions::Plain,
            Backend::Avx2 => Instructions::Avx2,
            Backend::Avx512 => Instructions::Avx512,
        }
    }
}

/// Defines `fn name[generics](arguments) -> result { body }` for the widest vectors of the processor; with `name / name_with` a
/// second function that takes a [`Backend`] before the arguments.
macro_rules! vectorized {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident[$($generics:tt)*]($($argument:ident: $kind:ty),* $(,)?)
        $(-> $result:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name<$($generics)*>($($argument: $kind),*) $(-> $result)? {
            $crate::kernel::vectorize::vectorized!(
                @chosen $crate::instructions::Instructions::best();
                [$($generics)*] ($($argument: $kind),*) ($($result)?) $body
            )
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident / $with:ident[$($generics:tt)*]($($argument:ident: $kind:ty),* $(,)?)
        $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name<$($generics)*>($($argument: $kind),*) {
            $with($crate::kernel::groups::Backend::detect(), $($argument),*);
        }

        #[doc = concat!("[`", stringify!($name), "`] on a chosen implementation; all give the same bits.")]
        ///
        /// # Panics
        /// If this processor cannot run it.
        $vis fn $with<$($generics)*>(backend: $crate::kernel::groups::Backend, $($argument: $kind),*) {
            assert!(backend.available(), "this processor runs {backend:?}");
            $crate::kernel::vectorize::vectorized!(
                @chosen $crate::instructions::Instructions::from(backend);
                [$($generics)*] ($($argument: $kind),*) () $body
            )
        }
    };
    (
        @chosen $vectors:expr;
        [$($generics:tt)*] ($($argument:ident: $kind:ty),*) ($($result:ty)?) $body:block
    ) => {{
        #[inline(always)]
        fn plain<$($generics)*>($($argument: $kind),*) $(-> $result)? $body
        #[cfg(target_arch = "x86_64")]
        {
            use $crate::instructions::Instructions;
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn on_avx512<$($generics)*>($($argument: $kind),*) $(-> $result)? {
                plain($($argument),*)
            }
            #[target_feature(enable = "avx2")]
            fn on_avx2<$($generics)*>($($argument: $kind),*) $(-> $result)? {
                plain($($argument),*)
            }
            match $vectors {
                // SAFETY: the processor has what the function is compiled for.
                Instructions::Avx512 => return unsafe { on_avx512($($argument),*) },
                // SAFETY: as above.
                Instructions::Avx2 => return unsafe { on_avx2($($argument),*) },
                Instructions::Plain => (),
            }
        }
        plain($($argument),*)
    }};
}
pub(crate) use vectorized;

#[cfg(test)]
mod tests {
    vectorized! {
        fn line[](to: &mut [f32], values: &[f32]) -> usize {
            rule(to, values)
        }
    }

    #[inline(always)]
    fn rule(to: &mut [f32], values: &[f32]) -> usize {
        for (to, &x) in to.iter_mut().zip(values) {
            // A product and a sum that a fused operation would round once.
            *to = if x > 0.0 { x * 1.1 + 0.3 } else { x / 7.0 };
        }
        to.len()
    }

    #[test]
    fn every_form_gives_the_bits_of_the_plain_loop() {
        let values: Vec<f32> = (0..1000u16).map(|i| f32::from(i).sqrt() - 11.3).collect();
        let (mut plain, mut wide) = (vec![0.0; 1000], vec![0.0; 1000]);
        assert_eq!(rule(&mut plain, &values), line(&mut wide, &values));
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&plain), bits(&wide));
    }
}
