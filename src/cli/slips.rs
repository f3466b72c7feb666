//! A slip of the pen in the arguments: the nearest name, also where clap by itself finds none (it
//! compares beginnings, so `aks` is nothing like `ask` to it).

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A name of up to so many letters has room for one wrong one, twice as many for two, and so on.
const LETTERS_PER_SLIP: usize = 3;

/// Adds to clap's complaint what was probably meant.
pub(super) fn suggest(err: &mut clap::Error, args: &[OsString], definition: &clap::Command) {
    let (wrong, place) = match err.kind() {
        ErrorKind::InvalidSubcommand => {
            (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand)
        }
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        _ => return,
    };
    let Some(ContextValue::String(typed)) = err.get(wrong).cloned() else { return };
    let (command, at_the_top) = reached(args, &typed, definition);
    let flags = place == ContextKind::SuggestedArg;
    if err.get(place).is_none() {
        let known = if flags { flags_of(command, definition) } else { words_of(command) };
        if let Some(near) = nearest(&typed, &known) {
            // clap prints a lone flag, but a list of commands.
            let near =
                if flags { ContextValue::String(near) } else { ContextValue::Strings(vec![near]) };
            err.insert(place, near);
        }
    }
    let said = said(args, &typed);
    let meant_ask = match err.get(place) {
        None => true,
        Some(ContextValue::Strings(near)) => said.len() > 1 && !near.iter().any(|it| it == "ask"),
        Some(_) => false,
    };
    if at_the_top && !flags && meant_ask {
        let tip =
            format!("to tell the assistant something, write: steward ask \"{}\"", said.join(" "));
        err.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
}

/// The words from the wrong one to the next flag.
fn said<'a>(args: &'a [OsString], wrong: &str) -> Vec<&'a str> {
    let words = args.iter().skip(1).filter_map(|arg| arg.to_str());
    let words = words.skip_while(|word| *word != wrong);
    words.take_while(|word| !word.starts_with('-')).collect()
}

/// The command whose arguments hold the wrong word, and whether that is the program itself.
fn reached<'c>(
    args: &[OsString],
    wrong: &str,
    definition: &'c clap::Command,
) -> (&'c clap::Command, bool) {
    let mut command = definition;
    let words = args.iter().skip(1).filter_map(|arg| arg.to_str());
    for word in words.take_while(|word| *word != wrong) {
        command = command.find_subcommand(word).unwrap_or(command);
    }
    (command, std::ptr::eq(command, definition))
}

fn words_of(command: &clap::Command) -> Vec<String> {
    let names = command.get_subcommands().flat_map(clap::Command::get_name_and_visible_aliases);
    names.map(str::to_owned).collect()
}

fn flags_of(command: &clap::Command, definition: &clap::Command) -> Vec<String> {
    let flags = command.get_arguments().chain(definition.get_arguments());
    flags.filter_map(clap::Arg::get_long).map(|name| format!("--{name}")).collect()
}

/// The known name with the fewest slips between it and what was typed, if they are few enough.
fn nearest(typed: &str, known: &[String]) -> Option<String> {
    let letters = typed.trim_start_matches('-').chars().count();
    let most = letters.div_ceil(LETTERS_PER_SLIP);
    let slips = |name: &String| (strsim::osa_distance(typed, name), name.clone());
    let (slips, name) = known.iter().map(slips).min()?;
    (slips <= most && slips < letters).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn few_slips_lead_to_a_name_and_many_to_none() {
        let known = ["ask", "chat", "ls", "approve", "--json"].map(str::to_owned);
        let meant = |typed: &str| nearest(typed, &known);
        for (typed, name) in
            [("aks", "ask"), ("sl", "ls"), ("aprov", "approve"), ("--jso", "--json")]
        {
            assert_eq!(meant(typed).as_deref(), Some(name), "{typed}");
        }
        for typed in ["remind", "x", "as-you-like", "--verbose"] {
            assert_eq!(meant(typed), None, "{typed}");
        }
    }
}
