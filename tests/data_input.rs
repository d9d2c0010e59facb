//! Data files as users have them: right ones are read, wrong ones are answered with a clear error.

mod support;

use flate2::{Compression, write::GzEncoder};
use imcsim::data::{DataSource, load};
use imcsim::net::network::Shape;
use std::fs::{self, File};
use std::io::Write;
#[cfg(unix)]
use std::process::Command;
use support::Scratch;

const GREY: Shape = Shape {
    channels: 1,
    height: 28,
    width: 28,
};
const COLOUR: Shape = Shape {
    channels: 3,
    height: 32,
    width: 32,
};

fn idx(dimensions: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dimensions.len() as u8];
    dimensions.iter().for_each(|d| file.extend(d.to_be_bytes()));
    file.extend(bytes);
    file
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn mnist(scratch: &Scratch) {
    for (part, count) in [("train", 3u32), ("t10k", 2)] {
        let pixels: Vec<u8> = (0..count * 784).map(|k| k as u8).collect();
        let labels: Vec<u8> = (0..count as u8).collect();
        scratch.write(
            &format!("{part}-images-idx3-ubyte.gz"),
            gz(&idx(&[count, 28, 28], &pixels)),
        );
        scratch.write(&format!("{part}-labels-idx1-ubyte"), idx(&[count], &labels));
    }
}

fn error(source: DataSource, shape: Shape) -> String {
    load(&source, shape)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn mnist_is_read_and_every_fault_named() {
    let scratch = Scratch::new();
    mnist(&scratch);
    let source = || DataSource::Mnist(scratch.path().into());
    let set = load(&source(), GREY).expect("a right set");
    assert_eq!((set.train.labels.len(), set.test.labels.len()), (3, 2));
    assert_eq!(set.train.pixels[785], 785u32 as u8);

    let images = "t10k-images-idx3-ubyte.gz";
    let good = fs::read(scratch.at(images)).expect("written above");
    scratch.write(images, &good[..good.len() / 2]);
    assert!(error(source(), GREY).contains("gzip"));
    scratch.write(images, gz(&idx(&[9, 28, 28], &[0; 784])));
    assert!(error(source(), GREY).contains("cut off"));
    scratch.write(images, gz(&idx(&[u32::MAX, 28, 28], &[0; 784])));
    assert!(error(source(), GREY).contains("cut off"));
    scratch.write(images, gz(&idx(&[2, 20, 20], &[0; 800])));
    assert!(error(source(), GREY).contains("20 x 20"));
    scratch.write(images, gz(b"not idx"));
    assert!(error(source(), GREY).contains("not an IDX"));
    scratch.write(images, gz(&idx(&[0, 28, 28], &[])));
    assert!(error(source(), GREY).contains("belong together"));
    let labels = fs::read(scratch.at("t10k-labels-idx1-ubyte")).expect("written above");
    scratch.write("t10k-labels-idx1-ubyte", idx(&[0], &[]));
    assert!(error(source(), GREY).contains("0 labels for 0 images"));
    scratch.write("t10k-labels-idx1-ubyte", &labels);
    for length in 0..16 {
        scratch.write(images, gz(&idx(&[2, 28, 28], &[0; 1568])[..length]));
        assert!(error(source(), GREY).contains("not an IDX"), "{length}");
    }
    scratch.write(images, []);
    assert!(error(source(), GREY).contains(images));
    scratch.write(images, &good);
    scratch.write("t10k-labels-idx1-ubyte", idx(&[2], &[3, 10]));
    assert!(error(source(), GREY).contains("label 10"));
    scratch.write("t10k-labels-idx1-ubyte", &labels);
    scratch.write("t10k-labels-idx1-ubyte.gz", gz(&idx(&[2], &[3, 4])));
    let both = error(source(), GREY);
    assert!(
        both.contains("t10k-labels-idx1-ubyte: ") && both.contains("remove one of the two"),
        "{both}"
    );
    fs::remove_file(scratch.at("t10k-labels-idx1-ubyte.gz")).expect("written above");
    fs::remove_file(scratch.at("t10k-labels-idx1-ubyte")).expect("written above");
    let missing = error(source(), GREY);
    assert!(
        missing.contains("t10k-labels-idx1-ubyte") && missing.contains("MNIST needs"),
        "{missing}"
    );
}

#[test]
fn cifar_is_read_and_every_fault_named() {
    let scratch = Scratch::new();
    let source = || DataSource::Cifar10(scratch.path().into());
    assert!(error(source(), COLOUR).contains("data_batch_1.bin"));
    for name in [
        "data_batch_1",
        "data_batch_2",
        "data_batch_3",
        "data_batch_4",
        "data_batch_5",
        "test_batch",
    ] {
        scratch.write(&format!("{name}.bin"), [vec![7u8], vec![1; 3072]].concat());
    }
    let set = load(&source(), COLOUR).expect("a right set");
    assert_eq!(
        (set.train.labels.len(), set.test.labels.as_slice()),
        (5, &[7u8][..])
    );
    scratch.write("test_batch.bin", [0; 3000]);
    assert!(error(source(), COLOUR).contains("cut off"));
    scratch.write("test_batch.bin", []);
    assert!(error(source(), COLOUR).contains("test_batch"));
    scratch.write("test_batch.bin", [200; 3073]);
    assert!(error(source(), COLOUR).contains("label 200"));
}

#[test]
fn cifar_that_was_cut_between_two_images_is_refused() {
    let scratch = Scratch::new();
    let source = || DataSource::Cifar10(scratch.path().into());
    // Zeros on disk: images of class 0.
    let write = |name: &str, images: u64| {
        let file = File::create(scratch.at(name)).expect("scratch file");
        file.set_len(3073 * images).expect("scratch file");
    };
    let training = (1..=5).map(|batch| format!("data_batch_{batch}.bin"));
    let training: Vec<String> = training.collect();
    training.iter().for_each(|name| write(name, 3));
    write("test_batch.bin", 2);
    let set = load(&source(), COLOUR).expect("a small set, tested on fewer images");
    assert_eq!((set.train.labels.len(), set.test.labels.len()), (15, 2));
    write("data_batch_4.bin", 1);
    let cut = error(source(), COLOUR);
    assert!(
        cut.contains("data_batch_4.bin: 1 images, but data_batch_1.bin has 3"),
        "{cut}"
    );
    // As published, but for the end of the test images.
    training.iter().for_each(|name| write(name, 10_000));
    write("test_batch.bin", 9_999);
    let cut = error(source(), COLOUR);
    assert!(
        cut.contains("test_batch.bin: 9999 images") && cut.contains("cut off"),
        "{cut}"
    );
}

fn png(edge: u32, shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(edge, edge, image::Rgb([shade, 0, 255]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("in memory");
    bytes.into_inner()
}

#[test]
fn class_folders_are_read_and_every_fault_named() {
    let scratch = Scratch::new();
    let source = || DataSource::Images(scratch.path().into());
    assert!(error(source(), COLOUR).contains("0 class folders"));
    for class in ["cat", "dog"] {
        for k in 0..6 {
            scratch.write(&format!("{class}/{k}.png"), png(32, k));
        }
    }
    let set = load(&source(), COLOUR).expect("a right set");
    assert_eq!(set.class_names, ["cat", "dog"]);
    let mut labels = set.test.labels.clone();
    labels.sort_unstable();
    assert_eq!((set.train.labels.len(), labels), (10, vec![0, 1]));
    assert_eq!(
        (
            set.test.pixels[0],
            set.test.pixels[1024],
            set.test.pixels[2048]
        ),
        (5, 0, 255)
    );
    scratch.write("dog/9.png", png(31, 0));
    assert!(error(source(), COLOUR).contains("31 x 31"));
    let whole = png(32, 0);
    for length in [0, 1, 20, 40, whole.len() - 13] {
        scratch.write("dog/9.png", &whole[..length]);
        let message = error(source(), COLOUR);
        assert!(
            message.contains("9.png") && message.contains("not a readable picture"),
            "{length}: {message}"
        );
    }
    // A header that promises 4 billion pixels a side must not be believed.
    let mut huge = whole.clone();
    huge[16..24].fill(0xFF);
    scratch.write("dog/9.png", &huge);
    assert!(error(source(), COLOUR).contains("9.png"));
    let deep = Shape {
        channels: 4,
        ..COLOUR
    };
    assert!(error(source(), deep).contains("4 channels"));
    scratch.write("dog/9.png", b"not a picture");
    assert!(error(source(), COLOUR).contains("not a readable picture"));
    fs::remove_file(scratch.at("dog/9.png")).expect("written above");
    scratch.write("emu/readme.txt", b"");
    assert!(error(source(), COLOUR).contains("no .png"));
}

fn two_classes(scratch: &Scratch) {
    for class in ["cat", "dog"] {
        for k in 0..6 {
            scratch.write(&format!("{class}/{k}.png"), png(32, k));
        }
    }
}

#[test]
fn hidden_names_and_a_readme_are_neither_classes_nor_images() {
    let scratch = Scratch::new();
    let source = DataSource::Images(scratch.path().into());
    two_classes(&scratch);
    let plain = load(&source, COLOUR).expect("a right set");
    for hidden in [
        ".ipynb_checkpoints/0.png",
        ".DS_Store",
        "cat/.ipynb_checkpoints/0-checkpoint.png",
        "cat/.0.png",
        "README.md",
        "dog/readme.txt",
    ] {
        scratch.write(hidden, b"no picture");
    }
    assert!(load(&source, COLOUR).expect("the same set") == plain);
}

#[test]
fn what_would_be_left_out_silently_is_refused_by_name() {
    let scratch = Scratch::new();
    let source = || DataSource::Images(scratch.path().into());
    two_classes(&scratch);
    for (name, told) in [
        ("labels.csv", "labels.csv: no folder"),
        ("6.png", "6.png: no folder"),
        ("cat/6.bmp", "6.bmp: no .png, .jpg or .jpeg picture"),
        ("dog/labels.txt", "labels.txt: no .png"),
    ] {
        scratch.write(name, png(32, 0));
        let message = error(source(), COLOUR);
        assert!(message.contains(told), "{message}");
        fs::remove_file(scratch.at(name)).expect("written above");
    }
    scratch.write("cat/more/6.png", png(32, 0));
    let message = error(source(), COLOUR);
    assert!(message.contains("more: no .png"), "{message}");
    let split = Scratch::new();
    for name in ["train/cat", "train/dog", "test/cat", "test/dog"] {
        split.write(&format!("{name}/0.png"), png(32, 0));
    }
    split.write("README", b"no picture");
    let source = || DataSource::Images(split.path().into());
    load(&source(), COLOUR).expect("a right set");
    split.write("valid/cat/0.png", png(32, 0));
    let message = error(source(), COLOUR);
    assert!(
        message.contains("valid: it stands beside train/ and test/"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_called_as_a_picture_is_not_read() {
    let scratch = Scratch::new();
    two_classes(&scratch);
    let made = Command::new("mkfifo").arg(scratch.at("cat/6.png")).status();
    assert!(made.expect("mkfifo").success());
    let message = error(DataSource::Images(scratch.path().into()), COLOUR);
    assert!(message.contains("6.png: not a regular file"), "{message}");
}

#[test]
fn half_a_split_is_told() {
    for (part, other, wrong) in [("train", "test", "tset"), ("test", "train", "trian")] {
        let scratch = Scratch::new();
        for class in ["cat", "dog"] {
            scratch.write(&format!("{part}/{class}/0.png"), png(32, 0));
            scratch.write(&format!("{wrong}/{class}/0.png"), png(32, 0));
        }
        let message = error(DataSource::Images(scratch.path().into()), COLOUR);
        for told in [
            format!("there is {part}/ with class folders, but no {other}/"),
            format!("beside it stands {wrong}"),
        ] {
            assert!(message.contains(&told), "{told}: {message}");
        }
    }
    // A class may be called so.
    let scratch = Scratch::new();
    for class in ["plane", "train"] {
        for k in 0..3 {
            scratch.write(&format!("{class}/{k}.png"), png(32, k));
        }
    }
    let set = load(&DataSource::Images(scratch.path().into()), COLOUR).expect("a right set");
    assert_eq!(set.class_names, ["plane", "train"]);
    assert_eq!((set.train.labels.len(), set.test.labels.len()), (5, 1));
}

#[test]
fn the_first_test_images_are_of_all_classes() {
    let scratch = Scratch::new();
    for (class, name) in ["cat", "dog", "emu"].iter().enumerate() {
        for k in 0..16 {
            scratch.write(&format!("train/{name}/{k}.png"), png(32, class as u8));
            scratch.write(&format!("test/{name}/{k}.png"), png(32, class as u8));
        }
    }
    let set = load(&DataSource::Images(scratch.path().into()), COLOUR).expect("a right set");
    let first = &set.test.labels[..12];
    assert!((0..3).all(|class| first.contains(&class)), "{first:?}");
    for (image, label) in set.test.pixels.chunks(COLOUR.len()).zip(&set.test.labels) {
        assert_eq!(image[0], *label, "a label stays with its image");
    }
    let again = load(&DataSource::Images(scratch.path().into()), COLOUR).expect("a right set");
    assert!(again == set, "the order is always the same");
}

#[test]
fn empty_folders_single_classes_and_split_folders_that_disagree_are_named() {
    let scratch = Scratch::new();
    let source = |folder: &str| DataSource::Images(scratch.at(folder));
    assert!(error(source("absent"), COLOUR).contains("absent"));
    scratch.write("one/cat/0.png", png(32, 0));
    assert!(error(source("one"), COLOUR).contains("1 class folders"));
    for class in ["cat", "dog"] {
        scratch.write(&format!("few/{class}/0.png"), png(32, 0));
        scratch.write(&format!("split/train/{class}/0.png"), png(32, 0));
    }
    assert!(error(source("few"), COLOUR).contains("at least 6"));
    scratch.write("split/test/cat/0.png", png(32, 0));
    scratch.write("split/test/emu/0.png", png(32, 0));
    assert!(error(source("split"), COLOUR).contains("emu"));
}
