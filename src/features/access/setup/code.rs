//! The code that shows that this machine is yours. It stands in a file of the data folder that only
//! the house's own user can read, is good for a day, and is made anew when it is older.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::error::{Error, Result};

pub const FILE: &str = "setup-code";
const VALID: SignedDuration = SignedDuration::from_hours(24);
/// Without what is easily taken for something else: 0 and O, 1, I and L, U and V.
const LETTERS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

#[derive(Clone)]
pub struct Code {
    /// `7KQ4-M2XD`
    pub text: String,
    pub expires_at: Timestamp,
}

impl Code {
    /// Whether this was typed; case, blanks and the dash don't matter.
    pub fn is(&self, typed: &str) -> bool {
        let (ours, typed) = (plain(&self.text), plain(typed));
        bool::from(ours.as_bytes().ct_eq(typed.as_bytes()))
    }

    fn new(now: Timestamp) -> Result<Code> {
        let mut text = String::with_capacity(LENGTH + 1);
        while plain(&text).len() < LENGTH {
            let mut byte = [0];
            getrandom::fill(&mut byte)
                .map_err(|err| Error::internal(anyhow::anyhow!("no randomness: {err}")))?;
            // Only the multiples of the alphabet's length, so that every letter is as likely.
            let limit = 256 / LETTERS.len() * LETTERS.len();
            if usize::from(byte[0]) < limit {
                text.push(char::from(LETTERS[usize::from(byte[0]) % LETTERS.len()]));
                if text.len() == LENGTH / 2 {
                    text.push('-');
                }
            }
        }
        Ok(Code { text, expires_at: now + VALID })
    }

    fn read(path: &Path) -> io::Result<Option<Code>> {
        let file = match fs::read_to_string(path) {
            Ok(file) => file,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(err),
        };
        let mut lines = file.lines();
        let code = lines.next().map(str::trim).filter(|code| plain(code).len() == LENGTH);
        let until = lines.next().and_then(|line| line.trim().parse().ok());
        Ok(code.zip(until).map(|(text, expires_at)| Code { text: text.to_owned(), expires_at }))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(format!("{}\n{}\n", self.text, self.expires_at).as_bytes())?;
        fs::rename(fresh, path)
    }
}

fn plain(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

/// The code that is good now; a new one when there is none.
pub async fn current(app: &App) -> Result<Code> {
    let (path, now) = (path(app), app.clock.now());
    blocking(move || {
        let found = Code::read(&path).context("The setup code can't be read")?;
        if let Some(code) = found.filter(|code| now < code.expires_at) {
            return Ok(code);
        }
        let code = Code::new(now)?;
        code.write(&path).context("The setup code can't be written")?;
        Ok(code)
    })
    .await
}

pub async fn discard(app: &App) -> Result<()> {
    let path = path(app);
    blocking(move || match fs::remove_file(&path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(Error::internal(err)),
        _ => Ok(()),
    })
    .await
}

fn path(app: &App) -> PathBuf {
    app.config.get().data_file(FILE)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn a_code_is_read_as_people_type() {
        let code = Code::new("2026-11-23T08:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(code.text.len(), 9, "{}", code.text);
        assert!(code.is(&code.text.to_lowercase().replace('-', " ")));
        assert!(!code.is("") && !code.is(&code.text[1..]));
    }
}
