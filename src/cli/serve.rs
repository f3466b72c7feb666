//! `steward serve`, and `steward` alone: start the assistant and stay.

use super::Cx;
use super::failure::{Exit, Failure};

pub(super) fn run(cx: &Cx) -> Result<Exit, Failure> {
    let _loaded = cx.load()?;
    Err(Failure::new("This build can't serve yet."))
}
