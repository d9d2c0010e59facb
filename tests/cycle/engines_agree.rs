//! The event-driven engine does exactly what the law, taken literally, does.

use crate::plans::{Scattered, long_mvms, plans};
use crate::record::Record;
use imcsim::cycle::plan::{Activity, Plan, Uniform};
use imcsim::cycle::{engine, tick};
use proptest::prelude::*;

fn agree<const DETAIL: bool, A: Activity>(plan: &Plan, activity: &A) -> Result<(), TestCaseError> {
    let (mut fast, mut slow) = (Record::<DETAIL>::default(), Record::<DETAIL>::default());
    let by_events = engine::run(plan, activity, &mut fast).expect("the plan is right");
    let by_cycles = tick::run(plan, activity, &mut slow).expect("the plan is right");
    prop_assert_eq!(by_events, by_cycles);
    prop_assert_eq!(fast.sorted(), slow.sorted());
    Ok(())
}

/// Whether told of operations or not, and whether they depend on the data or not.
fn agree_always(plan: &Plan, activity: &Scattered) -> Result<(), TestCaseError> {
    agree::<true, _>(plan, activity)?;
    agree::<false, _>(plan, activity)?;
    agree::<true, _>(plan, &Uniform)?;
    agree::<false, _>(plan, &Uniform)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engines_agree((plan, activity) in plans()) {
        agree_always(&plan, &activity)?;
    }

    /// Many operations that are alike: the engine multiplies where the literal one counts.
    #[test]
    fn engines_agree_on_long_mvms(plan in long_mvms()) {
        agree::<false, _>(&plan, &Uniform)?;
    }
}
