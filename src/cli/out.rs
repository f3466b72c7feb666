//! All that is printed. What was asked for goes to the standard output, hints and errors to the
//! standard error stream; text from elsewhere can't steer the terminal.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use crate::clean;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Human,
    Plain,
    Json,
}

pub(super) struct Out {
    pub manner: Manner,
    quiet: bool,
    /// Answers appear as they are written, which only a person at a terminal wants.
    pub streams: bool,
}

impl Out {
    pub fn new(manner: Manner, quiet: bool) -> Out {
        let streams = manner == Manner::Human && io::stdout().is_terminal();
        Out { manner, quiet, streams }
    }

    pub fn is_json(&self) -> bool {
        self.manner == Manner::Json
    }

    /// What was asked for.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        written(writeln!(io::stdout(), "{}", clean(text)))
    }

    /// A piece of an answer, at once.
    pub fn piece(&self, text: &str) -> Result<(), Failure> {
        let (mut stdout, piece) = (io::stdout(), clean::shown_piece(text).replace('\r', ""));
        written(write!(stdout, "{piece}").and_then(|()| stdout.flush()))
    }

    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        written(io::stdout().write_all(bytes))
    }

    pub fn json(&self, value: &Value) -> Result<(), Failure> {
        let text = format!("{value:#}");
        written(writeln!(io::stdout(), "{}", clean::escaped(&text)))
    }

    /// One value a line, for commands that print several.
    pub fn json_line(&self, value: &Value) -> Result<(), Failure> {
        written(writeln!(io::stdout(), "{}", clean::escaped(&value.to_string())))
    }

    /// Rows under headings; plain ones have no headings and tabs between the cells.
    pub fn table<const N: usize>(
        &self,
        headings: [&str; N],
        rows: &[[String; N]],
    ) -> Result<(), Failure> {
        if self.manner == Manner::Plain {
            let cell = |cell: &String| clean(cell).replace(['\t', '\n'], " ");
            return rows.iter().try_for_each(|row| self.line(&row.each_ref().map(cell).join("\t")));
        }
        let rows: Vec<[String; N]> = rows
            .iter()
            .map(|row| row.each_ref().map(|cell| clean(cell).replace('\n', " ")))
            .collect();
        let width = |at: usize| {
            let cells = rows.iter().map(|row| row[at].chars().count());
            cells.chain([headings[at].chars().count()]).max().unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        let headings = headings.map(str::to_owned);
        for row in [&headings].into_iter().chain(&rows) {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }

    /// A hint or a sign of life, for people only.
    pub fn note(&self, text: &str) {
        if !self.quiet && self.manner == Manner::Human {
            let _ = writeln!(io::stderr(), "{}", clean(text));
        }
    }

    /// What a person must know although it is not the answer.
    pub fn warn(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}", clean(text));
    }

    /// What a person at the terminal must read before they answer.
    pub fn ask(&self, text: &str) {
        let _ = write!(io::stderr(), "{}", clean(text));
        let _ = io::stderr().flush();
    }

    pub fn failure(&self, failure: &Failure) -> Exit {
        let Failure { sentence, hint, code, exit } = failure;
        if sentence.is_empty() {
            return *exit;
        }
        if self.is_json() {
            let told = json!({ "error": sentence, "code": code, "hint": hint });
            let _ = writeln!(io::stderr(), "{}", clean::escaped(&told.to_string()));
        } else {
            let _ = writeln!(io::stderr(), "steward: {}", clean(sentence));
            if let Some(hint) = hint {
                self.note(hint);
            }
        }
        *exit
    }
}

/// Help, version or a mistake in the arguments, in clap's words.
pub(super) fn usage(err: &clap::Error) -> ExitCode {
    let printed = err.print();
    let exit = if err.use_stderr() { Exit::Usage } else { Exit::Done };
    if printed.is_err() { Exit::Error.into() } else { exit.into() }
}

fn written(outcome: io::Result<()>) -> Result<(), Failure> {
    outcome.map_err(|err| match err.kind() {
        // The reader has seen enough.
        ErrorKind::BrokenPipe => Failure::silent(),
        _ => Failure::new(format!("Can't write the output: {err}.")),
    })
}

/// What could move the cursor, colour the screen, turn the reading direction or hide is written out.
pub(super) fn clean(text: &str) -> String {
    clean::shown(text).replace('\r', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{9b}31mc\td\r\n\u{202e}e"),
            "a⟨U+001B⟩[2Jb⟨U+009B⟩31mc\td\n⟨U+202E⟩e"
        );
    }
}
