//! A network on the chip cycle by cycle: values, waveforms, timeline and numbers of `imcsim trace`, by independent means.

mod command;
mod influence;
mod results;
mod rounds;
mod timeline;
mod values;
mod waveform;

use imcsim::arch;
use imcsim::data::{DataSource, Dataset, Split};
use imcsim::hw::chip::Hardware;
use imcsim::hw::readout::columns::ColumnReadouts;
use imcsim::net::shipped::load_network;
use imcsim::net::weights::{self, Trained};
use imcsim::results::cycle::CycleResult;
use imcsim::sim::accuracy::Images;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::cycles::OnChip;
use imcsim::sim::prepare::Prepared;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A trained network with its images.
pub struct Subject {
    pub trained: Trained,
    pub data: Dataset,
}

pub fn lenet() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| subject("lenet"))
}

pub fn subject(name: &str) -> Subject {
    let network = load_network(name).expect("shipped");
    let data = imcsim::data::load(&DataSource::Builtin, network.input).expect("built in");
    let trained = weights::shipped(&network, &data.name, &data.fingerprint, "none");
    Subject {
        trained: trained.expect("weights are shipped").trained,
        data,
    }
}

pub fn images<'a>(data: &'a Dataset, split: &'a Split, count: usize) -> Images<'a> {
    Images {
        pixels: &split.pixels,
        labels: &split.labels,
        shape: data.shape,
    }
    .first(count)
}

/// A shipped macro with changes as on the command line; of two changes of one key the later one counts.
pub fn hardware(set: &[&str]) -> Hardware {
    let key = |one: &str| one.split('=').next().map(str::to_string);
    let counts = |index: &usize| {
        let mut later = set[index + 1..].iter();
        later.all(|other| key(other) != key(set[*index]))
    };
    let kept = (0..set.len()).filter(counts);
    let set: Vec<String> = kept.map(|index| set[index].to_string()).collect();
    arch::load("arch/reram_9wl.toml", &set)
        .expect("resolves")
        .hardware
}

/// A network on a chip with everything it stands on.
pub fn on_chip<T>(
    subject: &Subject,
    hardware: &Hardware,
    (count, noise): (usize, bool),
    look: impl FnOnce(&OnChip, &Prepared, &[Vec<ColumnReadouts>], &Condition) -> T,
) -> T {
    let prepared = Prepared::new(&subject.trained.network, hardware).expect("fits");
    let calibration = images(&subject.data, &subject.data.train, 32);
    let sums = count_sums(&prepared, calibration, 7).expect("counted");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
    let condition = match noise {
        true => Condition::read_noise(&readouts, 3, 0),
        false => Condition::noise_free(&readouts),
    };
    let test = images(&subject.data, &subject.data.test, count);
    let chip = OnChip::new(&prepared, &readouts, &condition, test).expect("is laid out");
    look(&chip, &prepared, &readouts, &condition)
}

/// Built-in LeNet on the shipped macro with changes.
pub fn cycles(set: &[&str], count: usize) -> CycleResult {
    on_chip(lenet(), &hardware(set), (count, false), |chip, _, _, _| {
        chip.run(&|_, _, _| {}).expect("runs")
    })
}

/// The program on these arguments.
pub fn imcsim(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imcsim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(arguments).output().expect("starts")
}

/// A place of its own.
pub fn place_of(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trace_{name}"));
    let _ = std::fs::remove_dir_all(&place);
    place
}

/// The report folder of `imcsim trace arch/reram_9wl.toml --model lenet` with further arguments.
pub fn traced(name: &str, further: &[&str]) -> PathBuf {
    let place = place_of(name);
    let out = place.to_str().expect("readable").to_string();
    let own = [
        "trace",
        "arch/reram_9wl.toml",
        "--model",
        "lenet",
        "--out",
        &out,
        "--json",
    ];
    let all: Vec<&str> = own.iter().chain(further).copied().collect();
    let output = imcsim(&all);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{further:?}: {told}");
    place
}

pub fn text(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).expect("is there")
}

/// A table by the names of its columns.
pub fn table(folder: &Path, file: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(file)).expect("is there");
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.expect("rows have all columns")
}

/// A whole number of a table.
pub fn number(row: &HashMap<String, String>, column: &str) -> i64 {
    row[column].parse().expect("a whole number")
}
