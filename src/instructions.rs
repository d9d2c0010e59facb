//! Which vector instructions kernels may take: all that the processor has, or fewer, so that a training repeats bit for bit what
//! another machine did, or goes on with it.
//!
//! One setting of the whole program, like its number of threads, and set before anything is computed. Only the sums of gradients
//! and of float layers depend on it; partial sums, codes and draws are the same bits with every instruction set.
//! Each set is all or nothing, so that two processors with the same set round alike. Not responsible for instructions that save time only:
//! where a kernel has a use for them it asks for them.

use std::sync::OnceLock;

/// Sets of vector instructions, each with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instructions {
    /// What every processor of the build's kind has.
    Plain,
    /// 256-bit vectors, fused multiply-add, AES.
    Avx2,
    /// 512-bit vectors, with products of bytes.
    Avx512,
}

impl Instructions {
    /// All, the fewest first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Avx2, Self::Avx512];

    /// True if this processor has them and the program may take them.
    #[inline]
    pub fn available(self) -> bool {
        self <= *MOST.get_or_init(|| Instructions::Avx512) && self.is_there()
    }

    /// True if this processor has them.
    pub fn is_there(self) -> bool {
        match self {
            Instructions::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("aes")
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => {
                Instructions::Avx2.is_there()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Instructions::Avx2 | Instructions::Avx512 => false,
        }
    }

    /// All that are available, the fewest first.
    pub fn all_available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.into_iter().filter(|set| set.available())
    }

    /// The most that are available: training repeats bit for bit on the same ones.
    #[inline]
    pub fn best() -> Self {
        Self::all_available()
            .next_back()
            .unwrap_or(Instructions::Plain)
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Instructions::Plain => "plain instructions",
            Instructions::Avx2 => "AVX2",
            Instructions::Avx512 => "AVX-512",
        }
    }

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Instructions::Plain => "plain",
            Instructions::Avx2 => "avx2",
            Instructions::Avx512 => "avx512",
        }
    }
}

/// Instructions that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstructionsError {
    /// The processor lacks them.
    #[error("this processor has no {}; take --instructions {} or fewer", .asked.title(), .most.name())]
    Missing {
        /// What was asked for.
        asked: Instructions,
        /// The most this processor has.
        most: Instructions,
    },
    /// Kernels have run with others.
    #[error("instructions can be chosen only once, before anything is computed; {} are taken already", .0.name())]
    Settled(Instructions),
}

static MOST: OnceLock<Instructions> = OnceLock::new();

/// Takes no more than these from here on.
///
/// # Errors
/// If the processor lacks them, or kernels have asked already and were told otherwise.
///
/// ```
/// use imcsim::instructions::{Instructions, choose};
///
/// choose(Instructions::Plain)?;
/// assert!(!Instructions::Avx2.available());
/// assert!(choose(Instructions::Avx2).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn choose(asked: Instructions) -> Result<(), InstructionsError> {
    if !asked.is_there() {
        let mut there = Instructions::ALL.into_iter().filter(|set| set.is_there());
        let most = there.next_back().unwrap_or(Instructions::Plain);
        return Err(InstructionsError::Missing { asked, most });
    }
    match *MOST.get_or_init(|| asked) {
        settled if settled == asked => Ok(()),
        settled => Err(InstructionsError::Settled(settled)),
    }
}
