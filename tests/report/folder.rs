//! The report's folder: whole or not at all, an older report gives way, and nothing that no report wrote does.

use super::{fixture, place};
use imcsim::report::{self, ReportError};
use imcsim::results::run::RunResult;
use std::fs;
use std::path::{Path, PathBuf};

/// A result whose report has few files.
fn small() -> RunResult {
    let mut result = fixture::run();
    result.margins.truncate(1);
    result.layers.clear();
    result
}

#[test]
fn a_report_is_replaced_and_a_stranger_is_not() {
    let out = place("replace").join("run");
    report::write(&fixture::run(), &out).expect("first");
    let gone = out.join("tables/partial_sums.csv");
    assert!(gone.is_file());
    let result = small();
    report::write(&result, &out).expect("second");
    assert!(!gone.exists(), "the second has no layers");
    let beside = fs::read_dir(out.parent().expect("parent")).expect("parent");
    assert_eq!(beside.count(), 1, "drafts are left behind");

    let thesis = place("thesis");
    fs::write(thesis.join("chapter1.txt"), "irreplaceable").expect("file");
    for summary in ["", "{}", r#"{"schema": 2, "program": "another"}"#] {
        fs::write(thesis.join("summary.json"), summary).expect("file");
        let refused = report::write(&result, &thesis);
        assert!(matches!(refused, Err(ReportError::NotAReport { .. })));
        assert!(thesis.join("chapter1.txt").is_file());
    }
}

/// Refused, before the work and after it, for this file, which stays as everything else does.
fn assert_kept(out: &Path, name: &str) {
    let result = small();
    let (path, page) = (out.join(name), out.join("report.html"));
    fs::write(&path, "irreplaceable").expect("file");
    let before = fs::read(&page).expect("page");
    let refusals = [
        report::check_place(out),
        report::write(&result, out).map(drop),
        report::write_margin(&result.margins, &result, out).map(drop),
    ];
    for refused in refusals {
        let error = refused.expect_err("refused");
        assert!(matches!(error, ReportError::Stranger { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(fs::read(&path).expect("kept"), b"irreplaceable");
    assert_eq!(fs::read(&page).expect("kept"), before);
    fs::remove_file(&path).expect("removed");
    report::check_place(out).expect("free again");
}

#[test]
fn what_no_report_wrote_is_not_lost_with_an_older_report() {
    let out = place("notes").join("run");
    let result = small();
    let written = report::write(&result, &out).expect("first");
    let list = fs::read_to_string(out.join("files.txt")).expect("list");
    let listed: Vec<PathBuf> = list.lines().map(|name| out.join(name)).collect();
    assert_eq!(listed, written[..written.len() - 1]);
    assert_eq!(written.last(), Some(&out.join("files.txt")));
    for name in ["notes.txt", "figures/mine.svg", ".hidden"] {
        assert_kept(&out, name);
    }
    // A report of an older program has no list.
    fs::remove_file(out.join("files.txt")).expect("list");
    for name in ["notes.txt", "figures/mine.pdf"] {
        assert_kept(&out, name);
    }
    report::write(&result, &out).expect("second");
    assert!(out.join("files.txt").is_file());
    let beside = fs::read_dir(out.parent().expect("parent")).expect("parent");
    assert_eq!(beside.count(), 1, "drafts are left behind");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_stay() {
    use std::os::unix::fs::symlink;
    let folder = place("links");
    let (link, target) = (folder.join("latest"), folder.join("disk/run"));
    fs::create_dir_all(&target).expect("folder");
    symlink("disk/run", &link).expect("link");
    let result = small();
    // With a slash at its end too, which the system takes for the target.
    for out in [link.clone(), folder.join("latest/")] {
        report::check_place(&out).expect("free or a report");
        report::write(&result, &out).expect("written");
        assert!(link.is_symlink() && target.join("report.html").is_file());
    }
    for (shared, expected) in [(&folder, 2), (&folder.join("disk"), 1)] {
        let names = fs::read_dir(shared).expect("folder");
        assert_eq!(names.count(), expected, "drafts are left behind");
    }
    fs::remove_dir_all(&target).expect("report");
    for refused in [
        report::check_place(&link),
        report::write(&result, &link).map(drop),
    ] {
        let error = refused.expect_err("refused");
        assert!(matches!(error, ReportError::LinkToNothing { .. }));
        assert!(error.to_string().contains("disk/run"), "{error}");
    }
    // A report is no place for links: what they name may be anything.
    fs::create_dir(&target).expect("folder");
    report::write(&result, &link).expect("written");
    symlink("/", target.join("figures/all")).expect("link");
    let refused = report::write(&result, &link);
    assert!(matches!(refused, Err(ReportError::Stranger { .. })));
}

#[test]
fn an_unwritable_place_is_a_clear_error() {
    let file = place("blocked").join("file");
    fs::write(&file, "in the way").expect("file");
    let error = report::write(&RunResult::default(), &file.join("run")).expect_err("refused");
    assert!(matches!(error, ReportError::File { .. }));
    assert!(error.to_string().contains("file"), "{error}");
}
