//! Folders of this machine: which one may be opened at all, and where a path leads that is given
//! to somebody else's program.

use std::path::{Path, PathBuf};

use crate::clean;
use crate::error::{Error, Result, without_codes};

/// Never opened, nor anything in them: they are not files, or they run this machine.
const SYSTEM_FOLDERS: &[&str] = &["/proc", "/sys", "/dev", "/run", "/boot", "/etc"];
const PATH_BYTES_MAX: usize = 4_096;

/// The folder at `path` with every link on the way followed. It has to be there, and `data_dir` (the
/// database and the key) is never opened, nor what lies around or in it.
pub fn openable(path: &str, data_dir: &Path) -> Result<String> {
    let invalid = |message: String| Error::invalid("path", message);
    if !Path::new(path).is_absolute() {
        return Err(invalid("Write the folder's whole path, from / on.".to_owned()));
    }
    let canonical = std::fs::canonicalize(path).map_err(|err| {
        let why = without_codes(&err.to_string());
        invalid(format!("{path} can't be opened on this server: {why}."))
    })?;
    if !canonical.is_dir() {
        return Err(invalid(format!("{path} is a file. Give the folder it lies in.")));
    }
    let data_dir = std::fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    if data_dir.starts_with(&canonical) || canonical.starts_with(&data_dir) {
        let why = "There the keys and the database of this program lie; that folder stays closed.";
        return Err(invalid(why.to_owned()));
    }
    if SYSTEM_FOLDERS.iter().any(|folder| canonical.starts_with(folder)) {
        return Err(invalid(format!("{path} belongs to the system; it stays closed.")));
    }
    match canonical.into_os_string().into_string() {
        Ok(path) => Ok(path),
        Err(_) => Err(invalid("That folder's name is not text; rename it first.".to_owned())),
    }
}

/// Whether `text` names something that is here, for a program that reads paths in its own way: it has
/// to be whole and plain, and lie in one of the folders that are `opened` (as [`openable`] gives
/// them) with every link followed. The error is the reason, one sentence.
pub fn abroad(text: &str, opened: &[PathBuf]) -> Result<bool, String> {
    let shown = clean::shown(text);
    if !is_plain(text) {
        return Err(format!(
            "{shown} is no plain path. A tool server is given whole paths from / on, without ~, \
             .. and the like, in a folder that you opened."
        ));
    }
    let path = Path::new(text);
    let lies_in = |path: &Path| opened.iter().any(|folder| path.starts_with(folder));
    if !lies_in(path) {
        return Err(format!("{shown} lies in no folder that was opened under Whitelists."));
    }
    let is_here = |path: &&Path| std::fs::symlink_metadata(path).is_ok();
    let Some(here) = path.ancestors().find(is_here) else { return Ok(false) };
    // Of what is not here, the folder that it would lie in counts.
    let real = std::fs::canonicalize(here);
    if lies_in(here) && !real.is_ok_and(|real| lies_in(&real)) {
        return Err(format!("{shown} leads out of the folders that you opened, by a link."));
    }
    Ok(here == path)
}

/// From `/` on, each part a name of its own, and nothing that some program reads as more than that.
fn is_plain(text: &str) -> bool {
    let names = |part: &str| !matches!(part, "" | "." | "..");
    let rest = text.strip_suffix('/').unwrap_or(text).strip_prefix('/');
    let odd = |c: char| c.is_control() || matches!(c, '~' | '\\');
    rest.is_some_and(|rest| rest.split('/').all(names))
        && text.len() <= PATH_BYTES_MAX
        && !text.contains(odd)
        && !clean::hides(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_for_another_program_is_whole_and_plain_and_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (open, shut) = (root.join("open"), root.join("shut"));
        std::fs::create_dir_all(open.join("sub")).unwrap();
        std::fs::create_dir(&shut).unwrap();
        std::fs::write(open.join("a b.txt"), "").unwrap();
        std::os::unix::fs::symlink(&shut, open.join("away")).unwrap();
        std::os::unix::fs::symlink(open.join("sub"), open.join("near")).unwrap();
        std::os::unix::fs::symlink(shut.join("gone"), open.join("dangling")).unwrap();
        let found = |text: &str| {
            abroad(&text.replace("OPEN", open.to_str().unwrap()), std::slice::from_ref(&open))
        };
        for there in ["OPEN", "OPEN/", "OPEN/a b.txt", "OPEN/sub", "OPEN/near", "OPEN/near/"] {
            assert_eq!(found(there), Ok(true), "{there}");
        }
        for missing in ["OPEN/The PIN is 4711", "OPEN/sub/b/c", "OPEN/near/x"] {
            assert_eq!(found(missing), Ok(false), "{missing}");
        }
        for odd in [
            "",
            "/",
            "plan.txt",
            ".ssh/id_rsa",
            "~/.ssh/id_rsa",
            "OPEN/~",
            "OPEN/../shut",
            "OPEN/./sub",
            "OPEN//sub",
            "OPEN/sub//",
            "OPEN/..",
            "OPEN/..\\shut",
            "OPEN/a\0b",
            "OPEN/a\nb",
            "OPEN/a\u{202e}b",
        ] {
            assert!(found(odd).is_err_and(|why| why.contains("is no plain path")), "{odd:?}");
        }
        for out in ["OPEN/away", "OPEN/away/x", "OPEN/dangling"] {
            assert!(found(out).is_err_and(|why| why.contains("by a link")), "{out}");
        }
        for closed in ["/etc/passwd", shut.to_str().unwrap(), "OPENer"] {
            assert!(found(closed).is_err_and(|why| why.contains("in no folder")), "{closed}");
        }
    }
}
