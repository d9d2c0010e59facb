//! `imcsim record`: the input codes of chosen layers, with their weights, as a trace file that `run` and `trace` take instead of a
//! network.
//!
//! Not responsible for the file (`net::recorded`) nor for the codes (`convert::record`).

use super::input;
use super::output::print;
use crate::convert::record::inputs;
use crate::data::{DataSource, Dataset, load};
use crate::net::checkpoint::shape_hash;
use crate::net::network::{Network, Weights};
use crate::net::recorded::{About, Recorded, RecordedLayer, save};
use crate::net::shipped::load_network;
use crate::net::weights::{self, Trained};
use crate::rng::{Purpose, keyed};
use crate::spelling::nearest;
use anyhow::{Context, bail};
use clap::Args;
use rand::seq::index::sample;
use std::path::{Path, PathBuf};

/// Most images of a file.
const MOST_IMAGES: usize = 1024;

/// Options of `imcsim record`.
#[derive(Args, Debug)]
pub struct RecordArguments {
    /// Network: a shipped name (lenet, vgg, vgg7, vgg_quarter) or a TOML file.
    #[arg(long, default_value = "vgg")]
    pub model: String,
    /// builtin, mnist:DIR, cifar10:DIR or images:DIR.
    #[arg(long, default_value = "builtin")]
    pub data: String,
    /// Trained weights [default: the shipped ones for this network and data set, trained with ideal MVM values].
    #[arg(long)]
    pub weights: Option<PathBuf>,
    /// Layer on macros to record, may be repeated.
    #[arg(long = "layer", value_name = "NAME", required = true)]
    pub layers: Vec<String>,
    /// Test images.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1)]
    pub images: usize,
    /// Chooses the images at random by this seed [default: the first ones].
    #[arg(long, allow_negative_numbers = true, value_parser = super::seed)]
    pub seed: Option<u64>,
    /// Trace file, gzipped if its name ends in .gz.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print errors only.
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the input is wrong (exit code 2) or the file cannot be written.
pub fn run(arguments: &RecordArguments) -> anyhow::Result<()> {
    let place = place(arguments).map_err(input)?;
    let recorded = recorded(arguments).map_err(input)?;
    save(&recorded, &place)?;
    if !arguments.quiet {
        print(&told(&recorded, &arguments.out)?)?;
    }
    Ok(())
}

/// The file that is written: a link is followed, and nothing is replaced but an older trace.
fn place(arguments: &RecordArguments) -> anyhow::Result<PathBuf> {
    let out = &arguments.out;
    if out.symlink_metadata().is_err() {
        return Ok(out.clone());
    }
    let shown = out.display();
    let place = out.canonicalize().with_context(|| {
        format!("--out {shown}: this link leads nowhere; remove it, or name another file")
    })?;
    let is_same = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == place);
    if arguments.weights.as_ref().is_some_and(is_same) {
        bail!("--out {shown}: this is the file of --weights; name another file");
    }
    if !Recorded::lies_at(&place) {
        bail!(
            "--out {shown}: it exists and is no trace of imcsim record, so it is not replaced; name another file, or move this one"
        );
    }
    Ok(place)
}

fn recorded(arguments: &RecordArguments) -> anyhow::Result<Recorded> {
    if !(1..=MOST_IMAGES).contains(&arguments.images) {
        bail!("--images {}: expected 1 to {MOST_IMAGES}", arguments.images);
    }
    let network = load_network(&arguments.model)?;
    let layers = chosen_layers(&network, &arguments.layers)?;
    let source: DataSource = arguments.data.parse()?;
    let data = load(&source, network.input)?;
    let trained = match &arguments.weights {
        Some(path) => weights::load(path, &network)?,
        None => weights::shipped(&network, &data.name, &data.fingerprint, "")?.trained,
    };
    trained.belongs_to(&data.name, &data.fingerprint)?;
    let images = chosen_images(&data, arguments.images, arguments.seed);
    let pixels = data.test.chosen(images.iter().copied(), data.shape.len());
    let codes = inputs(&trained.network, &pixels.pixels, &layers);
    let layers = layers.iter().zip(codes).map(|(&index, inputs)| {
        let int = &trained.network.layers[index];
        RecordedLayer {
            layer: int.layer.clone(),
            input_bits: network.input_bits(index),
            weights: int.codes.clone(),
            inputs,
        }
    });
    Ok(Recorded {
        layers: layers.collect(),
        about: about(&trained, &data, &images, arguments.seed),
    })
}

fn about(trained: &Trained, data: &Dataset, images: &[usize], seed: Option<u64>) -> About {
    let network = &trained.network.network;
    About {
        program: concat!("imcsim ", env!("CARGO_PKG_VERSION")).into(),
        network: network.name.clone(),
        network_hash: shape_hash(network),
        weights: trained.describe(),
        data: data.name.clone(),
        data_fingerprint: data.fingerprint.clone(),
        seed,
        images: images.iter().map(|&image| image as u64).collect(),
        path: "integer network, ideal MVM values before each layer".into(),
    }
}

/// Numbers of the layers asked for, in the order of the network.
fn chosen_layers(network: &Network, names: &[String]) -> anyhow::Result<Vec<usize>> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let Some(index) = network.layers.iter().position(|layer| layer.name == *name) else {
            let on_macros = network
                .layers
                .iter()
                .filter(|layer| matches!(layer.weights, Weights::Macro { .. }));
            let known: Vec<&str> = on_macros.map(|layer| layer.name.as_str()).collect();
            let near = nearest(name, &known).map(|near| format!("; did you mean `{near}`?"));
            bail!(
                "--layer {name}: {} has no such layer; layers on macros are {}{}",
                network.name,
                known.join(", "),
                near.unwrap_or_default()
            );
        };
        if matches!(network.layers[index].weights, Weights::Digital { .. }) {
            bail!(
                "--layer {name}: this layer is computed by the digital unit; a trace holds layers on macros"
            );
        }
        if found.contains(&index) {
            bail!("--layer {name}: named twice; name every layer once");
        }
        found.push(index);
    }
    found.sort_unstable();
    Ok(found)
}

/// Numbers of the test images: the first ones, or a keyed choice in ascending order; all if there are fewer.
fn chosen_images(data: &Dataset, count: usize, seed: Option<u64>) -> Vec<usize> {
    let all = data.test.labels.len();
    let count = count.min(all);
    let Some(seed) = seed else {
        return (0..count).collect();
    };
    let mut rng = keyed(seed, Purpose::Data, &[]);
    let mut images = sample(&mut rng, all, count).into_vec();
    images.sort_unstable();
    images
}

fn told(recorded: &Recorded, out: &Path) -> anyhow::Result<String> {
    let kib = std::fs::metadata(out)?.len() as f64 / 1024.0;
    Ok(format!(
        "trace: {}  ({} of {}, {} images, {kib:.1} KiB)\n",
        out.display(),
        recorded.layer_names(),
        recorded.about.network,
        recorded.images()
    ))
}
