//! Is the header of a state as it was saved, and can what it says be: a fingerprint of its own, and numbers that fit each other.
//!
//! States of programs that kept no fingerprint of the header have only the second. Not responsible for whether it belongs to a
//! training (`header`) nor for tensors (`tensors`).

use super::header::Header;
use crate::fingerprint::fingerprint;

/// The header as text, with its fingerprint in it.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn sealed(header: &Header) -> Result<String, serde_json::Error> {
    let seal = Some(seal(header)?);
    serde_json::to_string(&Header {
        header: seal,
        ..header.clone()
    })
}

fn seal(header: &Header) -> Result<String, serde_json::Error> {
    let bare = serde_json::to_string(&Header {
        header: None,
        ..header.clone()
    })?;
    Ok(fingerprint(bare.as_bytes()))
}

/// Refuses a header that is not the one that was saved, or that no training could have left.
///
/// # Errors
/// With what is wrong.
pub fn check(found: &Header) -> Result<(), String> {
    let epochs = found.curve.len();
    let changed = |what: String| Err(format!("{what}; was the file changed?"));
    for (index, &(epoch, rate, loss, train, test)) in found.curve.iter().enumerate() {
        let number = index + 1;
        if epoch != number {
            return changed(format!(
                "epoch {epoch} stands in the place of epoch {number}"
            ));
        }
        let legal = rate.is_finite() && rate >= 0.0 && loss.is_finite();
        if !legal || ![train, test].iter().all(share) {
            return changed(format!("epoch {number} holds a number that cannot be"));
        }
    }
    if !found.full_precision.iter().all(share) {
        return changed("its full-precision accuracy is no share".into());
    }
    let length = |norm: f64| norm.is_finite() && norm >= 0.0;
    let legal = |of: &Option<_>| {
        of.is_none_or(|of: crate::train::epoch::GradientNorms| {
            length(of.median) && length(of.largest)
        })
    };
    if found.gradients.len() > epochs || !found.gradients.iter().all(legal) {
        return changed("lengths of gradients are wrong, or more than epochs".into());
    }
    let steps = usize::try_from(found.steps).unwrap_or(usize::MAX);
    let fits = match epochs {
        0 => steps == 0,
        _ => steps.is_multiple_of(epochs) && steps >= epochs,
    };
    if !fits {
        return changed(format!("{steps} updates cannot be {epochs} epochs"));
    }
    match (&found.header, seal(found)) {
        (Some(saved), Ok(now)) if *saved != now => {
            changed("its header is not the one that was saved (the checksum differs)".into())
        }
        _ => Ok(()),
    }
}

fn share(value: &f64) -> bool {
    (0.0..=1.0).contains(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::epoch::GradientNorms;

    fn header() -> Header {
        Header {
            format: "a".into(),
            network_hash: "b".into(),
            method: "Float".into(),
            settings: "c".into(),
            data: "d".into(),
            steps: 6,
            full_precision: Some(0.75),
            start: None,
            train_data: None,
            programs: vec!["this".into()],
            tensors: None,
            header: None,
            curve: vec![(1, 0.1, 2.5, 0.5, 0.25), (2, 0.05, 1.5, 0.75, 0.3)],
            gradients: vec![
                None,
                Some(GradientNorms {
                    median: 1.5,
                    largest: 2.0,
                }),
            ],
        }
    }

    #[test]
    fn what_was_saved_is_accepted_and_what_was_changed_is_not() {
        let text = sealed(&header()).unwrap();
        let found: Header = serde_json::from_str(&text).unwrap();
        assert!(found.header.is_some());
        assert_eq!(check(&found), Ok(()));
        assert_eq!(check(&header()), Ok(()), "older states have no seal");
        let other: Header = serde_json::from_str(&text.replace("0.25", "0.26")).unwrap();
        assert!(check(&other).unwrap_err().contains("checksum"));
    }

    #[test]
    fn headers_that_cannot_be_are_refused() {
        type Change = fn(&mut Header);
        let cases: [(&str, Change); 11] = [
            ("place of epoch 2", |h| h.curve[1].0 = 3),
            ("place of epoch 1", |h| {
                h.curve.remove(0);
            }),
            ("epoch 2 holds", |h| h.curve[1].1 = -1.0),
            ("epoch 1 holds", |h| h.curve[0].2 = f64::NAN),
            ("epoch 1 holds", |h| h.curve[0].3 = 1e308),
            ("epoch 2 holds", |h| h.curve[1].4 = -0.5),
            ("full-precision", |h| h.full_precision = Some(57.0)),
            ("gradients", |h| h.gradients.push(None)),
            ("gradients", |h| {
                h.gradients[1] = Some(GradientNorms {
                    median: 1.0,
                    largest: f64::INFINITY,
                })
            }),
            ("updates", |h| h.steps = 1 << 63 | 1),
            ("updates", |h| {
                h.curve.clear();
                h.gradients.clear();
            }),
        ];
        for (expected, change) in cases {
            let mut wrong = header();
            change(&mut wrong);
            let error = check(&wrong).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
