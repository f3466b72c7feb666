//! Time: what the clock says here and elsewhere, and sums with dates.

mod phrases;
mod tool;

use super::Feature;

pub const FEATURE: Feature = Feature {
    name: "time",
    tools: tool::all,
    phrases: || phrases::ALL.to_vec(),
    ..Feature::NOTHING
};
