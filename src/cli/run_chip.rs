//! What `imcsim run` says about the chip beside its values: whether the network fits at all, and where times stand for reads
//! that values do not make.
//!
//! Not responsible for cycles (`sim::cycles`).

use crate::arch::Loaded;
use crate::hw::chip::Hardware;
use crate::mapping::plan::map_network;
use crate::net::network::Network;
use anyhow::anyhow;

/// A chip that cannot take the network is told before anything long is computed.
///
/// # Errors
/// What does not fit, and how to go on without cycles.
pub(super) fn check_chip(loaded: &Loaded, network: &Network, images: usize) -> anyhow::Result<()> {
    let hardware = &loaded.hardware;
    if images == 0 || hardware.timing.is_none() || hardware.chip.is_none() {
        return Ok(());
    }
    let count = u32::try_from(images).unwrap_or(u32::MAX);
    match map_network(hardware, network, None, count) {
        Ok(_) => Ok(()),
        Err(error) => Err(anyhow!(
            "{}: {error}; or leave cycles and cost out with --cycle-images 0",
            loaded.file
        )),
    }
}

/// Cycles and energy leave groups out that the values read.
pub(super) fn skipping(hardware: &Hardware) -> Option<String> {
    let timing = hardware.timing.as_ref()?;
    let text = "timing.skip_zero_groups: cycles and energy leave empty groups out; accuracies and errors read them, with the noise \
                of such reads where there is any";
    timing.skip_zero_groups.then(|| text.to_string())
}
