//! Time: when every array, read-out, buffer and link of a chip works, and what each of them waits for.
//!
//! A [`plan::Plan`] says what is to be done in whole cycles and plain numbers; `engine` runs it by events, `tick` runs it
//! cycle by cycle and is the law that the engine is tested against. [`observer`] is told what happened when, [`outcome`] is
//! what it amounts to, [`occupancy`] what the global buffer holds. Not responsible for how a network becomes a plan (`mapping`),
//! for values (`convert`), nor for energy (`hw::cost`): nothing here knows what a weight is.
//!
//! # The law
//! Time is a whole number of cycles. At cycle `t` everything that ends at `t` has ended before anything that starts at `t`
//! starts; what starts may enable other starts in the same cycle. Work takes what it needs for whole cycles `start..end`.
//! Within a cycle units start until nothing changes, then waiting transfers are looked through once; if one of them took no
//! time, it arrives when all have been looked at, and units and transfers are looked at again.
//!
//! **One matrix-vector multiplication (MVM)** is one output pixel of one layer's tile on one macro: a list of *operations*
//! (one activation of word lines each), each followed by one conversion ([`plan::Hold::None`], [`plan::Hold::PerReadout`])
//! or by one per position of the column multiplexer ([`plan::Hold::PerColumn`]). With `front` = precharge and development:
//! ```text
//! front_start  = max(array_free, mvm_start)          developed = front_start + front
//! sample_start = max(developed, hold_free)            array_free = sample_end = sample_start + sample
//! each conversion:
//!   sense_start = max(sample_end, readout_free)       sense_end = sense_start + sense
//!   latch_start = max(sense_end, latch_free)          readout_free = latch_start,  latch_free = latch_end = latch_start + latch
//! hold_free = readout_free of the last conversion     without sample-and-hold also array_free = latch_end
//! mvm_end = latch_end of the last conversion          (mvm_start if everything was skipped)
//! ```
//! All read-outs of a macro sense together. The four `.._free` times stay with the macro from one MVM to the next.
//!
//! **Around the macro**, for MVM `j` of a macro (its MVMs run image by image, pixel by pixel):
//! 1. *ready*: its inputs are stored ([`plan::Layer::needs`] of the same image; layer by layer all pixels of the layer
//!    before). In the first layer they always are; layer by layer the image before must be finished.
//! 2. *load*: the input buffer has room (an MVM takes a place from the request of its load until its last `sample_end`, or
//!    `mvm_start` if everything is skipped); the load is requested at the first cycle at which both hold and the load of
//!    MVM `j - 1` has been requested, be it in the same cycle. It travels from the global buffer to the macro: `load_bits` for
//!    the first pixel that the copy does in a row of the output map (`pixel % row_pixels < copies`), `load_bits_next` for the
//!    others.
//! 3. *start*: the first cycle at which the load has arrived, an accumulator bank is free, and: between pixels `Drain`, MVM
//!    `j - 1` has ended; `Overlap`, the array is free.
//! 4. *partial sums*: a tile that is not the first along the rows sends its sums to the first (same column of tiles, same
//!    pixel): requested when both have ended, its bank is free when they have arrived. The first tile adds what arrives for
//!    `merge` cycles each (its own `merge`), one after the other in the order of arrival (in the same cycle the lower row
//!    tile first, then the earlier pixel).
//! 5. *output*: when all sums are added (a tile without others: at its end), the first tile's activation unit works for
//!    `activate` cycles if the output buffer has a free place, which it takes; then its bank is free and the codes are
//!    requested to travel to the global buffer; on arrival the place is free and the pixel of this column of tiles stored.
//!    The activation unit serves one pixel at a time, in order of the pixels.
//! 6. A pixel is *stored* when all columns of tiles have stored it. `needs` counts the leading pixels (in order) that are.
//!    An image is *finished* when all pixels of all layers are stored; the run ends with the last image.
//!
//! What a tile is not to do is not looked at (`sum_bits` of the first along the rows, `output_bits`, `merge` and `activate` of
//! the others, `needs` of the first layer). The global buffer has room for everything: nothing waits for it, a pipelined layer
//! may run ahead of the next one without limit. Whether it all fits is asked afterwards ([`occupancy`]).
//!
//! **Links**: a transfer needs all links of its path at once and holds them for `ceil(bits / width) + hop_cycles * (links - 1)`
//! cycles; a path without links (within a tile) takes no time. A bus is link 0. A mesh has link 0 from the global buffer to
//! router 0, link 1 back, and from router r the links 2 + 4 r + (0 east, 1 west, 2 south, 3 north); its last row is filled up
//! with routers without tiles. Each cycle, waiting transfers are looked through by (cycle of the request, outputs before
//! partial sums before loads, macro, image, pixel); each whose links are all free starts.
//!
//! **Digital layers** share one unit: pixel by pixel in order, `cycles_per_pixel` each. A layer's next pixel is ready when the
//! pixel before is computed and rule 1 holds; of several layers the one whose pixel was ready first is served, then the
//! earlier image, then the earlier layer. The unit is at the global buffer: what it has computed is stored.
//!
//! **Stalls.** Between `array_free` and the next `front_start` a macro with work left waits, cycle by cycle, for the first of:
//! *inputs* (not ready), *buffer* (no room), *bus* (load not arrived), *accumulator* (no bank), *read-out* (`Drain`: MVM before
//! not ended). Without sample-and-hold it waits for the *read-out* from `sample_end` until the conversion is latched, whatever
//! the next MVM lacks. Between `developed` and `sample_start` it waits for the *sample-and-hold*. A read-out waits for the
//! *array* while an MVM has started and not ended and it neither senses nor is blocked, and for the *latch* between
//! `sense_end` and `latch_start`. A macro whose work is done, or that has none, is *idle*.

mod check;
pub mod closed_form;
pub mod engine;
pub mod error;
pub mod links;
pub mod observer;
pub mod occupancy;
pub mod outcome;
pub mod plan;
pub mod profile;
pub mod tick;
