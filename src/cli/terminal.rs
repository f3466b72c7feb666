//! What a person types.

use std::io::BufRead as _;

use super::Cx;
use super::failure::Failure;

/// The next line of the standard input, without its end; `None` at the end of it all.
pub(super) async fn read_line() -> Result<Option<String>, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|bytes| (bytes > 0).then_some(line))
    });
    let unread = |err: String| Failure::new(format!("Can't read the standard input: {err}."));
    let line = read.await.map_err(|err| unread(err.to_string()))?;
    line.map_err(|err| unread(err.to_string()))
        .map(|line| line.map(|line| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Asks until one of the words, or its first letter, is typed; the end of the input is the last.
pub(super) async fn choose(
    cx: &Cx,
    question: &str,
    words: &[&'static str],
) -> Result<&'static str, Failure> {
    let last = words.last().copied().unwrap_or_default();
    loop {
        cx.out.ask(question);
        let Some(line) = read_line().await? else { return Ok(last) };
        let typed = line.trim().to_lowercase();
        let meant = |word: &&&str| !typed.is_empty() && (**word == typed || word[..1] == typed);
        if let Some(word) = words.iter().find(meant) {
            return Ok(word);
        }
    }
}
