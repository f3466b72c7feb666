//! A password, passphrase or key that a command is given in a file, so that it stands on no command
//! line.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::failure::Failure;
use crate::secret::Secret;

/// A file of more than this is some other file.
const BYTES_MAX: u64 = 4_096;

/// The first line; `-` reads the standard input. `what` it is called in a failure.
pub(super) fn first_line(path: &Path, what: &str) -> Result<Secret, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        std::io::stdin().take(BYTES_MAX).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
    };
    let path = path.display();
    read.map_err(|err| Failure::new(format!("The {what} file {path} can't be read: {err}.")))?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(Failure::new(format!("The {what} file {path} is empty."))),
        line => Ok(Secret::new(line)),
    }
}
