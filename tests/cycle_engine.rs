//! The two cycle engines: equal to each other on random plans, to closed forms, and to schedules worked out by hand.

#[path = "cycle/engines_agree.rs"]
mod engines_agree;
#[path = "cycle/hostile.rs"]
mod hostile;
#[path = "cycle/invariants.rs"]
mod invariants;
#[path = "cycle/occupancy.rs"]
mod occupancy;
#[path = "cycle/plans.rs"]
mod plans;
#[path = "cycle/record.rs"]
mod record;
#[path = "cycle/tiny.rs"]
mod tiny;
#[path = "cycle/worked.rs"]
mod worked;
