//! What the owner set apart: in quotes, in backticks, on a line of its own, behind "run".

/// A command longer than this is not looked for.
const COMMAND_BYTES_MAX: usize = 500;
const ITEM_DIGITS_MAX: usize = 2;
const PAIRS: &[(char, char)] =
    &[('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('„', '“'), ('‘', '’'), ('«', '»')];
const RUN: &[&str] =
    &["run ", "execute ", "please run ", "please execute ", "can you run ", "now run "];

/// What stands in quotes. An apostrophe within a word opens none.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        PAIRS.iter().flat_map(move |(open, close)| {
            let mut found = Vec::new();
            let mut from = 0;
            while let Some(start) = line[from..].find(*open).map(|at| from + at) {
                let inner = start + open.len_utf8();
                let free = line[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
                let Some(end) = line[inner..].find(*close).map(|at| inner + at).filter(|_| free)
                else {
                    from = inner;
                    continue;
                };
                if end - inner <= COMMAND_BYTES_MAX {
                    found.push(line[inner..end].trim());
                }
                from = end + close.len_utf8();
            }
            found
        })
    })
}

/// Whether the number that stands there counts the items of a list: "1. Look it up. 2. Tell Anna."
pub fn counts_items(text: &str, (start, end): (usize, usize)) -> bool {
    let before = text[..start].trim_end_matches([' ', '\t', '(']);
    let begins = before.is_empty() || before.ends_with(['.', ':', ';', '!', '?', '\n']);
    let number = &text[start..end];
    let short = number.len() <= ITEM_DIGITS_MAX && number.bytes().all(|b| b.is_ascii_digit());
    let item = text[end..].strip_prefix(['.', ')']).filter(|_| begins && short);
    item.is_some_and(|item| item.starts_with(char::is_whitespace) && !item.trim().is_empty())
}

/// Command lines, to the letter but for how many spaces stand between their words.
pub fn commands(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().filter(|line| line.len() <= COMMAND_BYTES_MAX);
    let alone = lines.flat_map(|line| {
        let line = line.trim();
        let low = line.to_ascii_lowercase();
        let tail = RUN.iter().find(|verb| low.starts_with(**verb)).map(|verb| &line[verb.len()..]);
        let listed = line.split_once(": ").map(|(_, rest)| rest);
        [Some(line), tail, listed]
            .into_iter()
            .flatten()
            .flat_map(|command| [command, without_stop(command)])
    });
    alone.chain(quoted(text)).map(one_spaced).filter(|command| !command.is_empty())
}

pub fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The stop that ends the sentence is not the command's; the dot of `ls .` is.
fn without_stop(command: &str) -> &str {
    match command.strip_suffix(['.', '!', '?', ',']) {
        Some(rest) if rest.ends_with(|c: char| c.is_alphanumeric() || c == '`') => rest,
        _ => command,
    }
}
