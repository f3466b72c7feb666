//! `steward completion SHELL`.

use clap_complete::Shell;

use super::failure::{Exit, Failure};
use super::{Cx, definition};

#[derive(clap::Args)]
pub(super) struct Args {
    shell: Shell,
}

pub(super) fn run(cx: &Cx, args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "steward", &mut script);
    cx.out.bytes(&script)?;
    Ok(Exit::Done)
}
