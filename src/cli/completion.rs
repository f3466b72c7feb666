//! `steward completion SHELL`.

use clap_complete::Shell;

use super::failure::{Exit, Failure};
use super::{Cx, definition};

const EXAMPLES: &str = "\
Examples:
  steward completion bash > ~/.local/share/bash-completion/completions/steward
  steward completion fish > ~/.config/fish/completions/steward.fish";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(cx: &Cx, args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "steward", &mut script);
    cx.out.bytes(&script)?;
    Ok(Exit::Done)
}
