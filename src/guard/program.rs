//! Which programs may be started: the one whose command the owner saved, to the letter.

use std::path::Path;

use super::allowed::{Allowed, Command};
use crate::error::{Error, Result};

/// Where a program without a path is looked for.
pub const PROGRAM_FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// `saved` is the command as it stands in its setting; `asked` names the same with its whole path.
pub fn judge_program(asked: Command, saved: &Command) -> Result<Allowed<Command>> {
    let found = |folder: &&str| Path::new(folder).join(&saved.program) == *asked.program;
    let same = match saved.program.contains('/') {
        true => Path::new(&saved.program).is_absolute() && asked.program == saved.program,
        false => PROGRAM_FOLDERS.iter().any(found),
    };
    if !same || asked.arguments != saved.arguments {
        let program = asked.program;
        return Err(Error::Denied(format!("{program} is not the program that was saved.")));
    }
    Ok(Allowed::mint(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(program: &str, arguments: &[&str]) -> Command {
        let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
        Command { program: program.to_owned(), arguments }
    }

    #[test]
    fn only_the_saved_command_is_started() {
        let may = |asked: Command, saved: &Command| judge_program(asked, saved).is_ok();
        let named = command("npx", &["a", "b"]);
        assert!(may(command("/usr/bin/npx", &["a", "b"]), &named));
        let whole = command("/opt/tools/run", &[]);
        assert!(may(whole.clone(), &whole));
        for (asked, saved) in [
            (command("/tmp/npx", &["a", "b"]), &named),
            (command("/usr/bin/npx", &["a"]), &named),
            (command("/usr/bin/npx", &["a", "b", "c"]), &named),
            (command("npx", &["a", "b"]), &named),
            (command("/usr/bin/run", &[]), &whole),
            (command("/usr/bin/../../tmp/x", &[]), &command("../../tmp/x", &[])),
            (command("./x", &[]), &command("./x", &[])),
        ] {
            assert!(!may(asked.clone(), saved), "{asked:?}");
        }
    }
}
