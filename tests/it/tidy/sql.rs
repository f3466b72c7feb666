//! Finds SQL in source: by what only a statement is given to, and by how its text begins.

use super::source::line_of;

const CALLS: [&str; 5] =
    [".query_row(", ".query_map(", ".prepare(", ".prepare_cached(", ".execute_batch("];

/// How a statement begins, and what else it has: a button may say "update", too.
const STATEMENTS: [(&str, &str); 7] = [
    ("select ", ""),
    ("insert ", " into "),
    ("update ", " set "),
    ("delete from ", ""),
    ("replace into ", ""),
    ("with ", " as ("),
    ("pragma ", ""),
];

/// The first line, from 1, and what is on it.
pub fn first(code: &str) -> Option<(usize, &'static str)> {
    let call = CALLS.iter().find_map(|call| Some((line_of(code, call)?, *call)));
    call.or_else(|| texts(code).find_map(|(at, text)| Some((at, statement(&text)?))))
}

fn statement(text: &str) -> Option<&'static str> {
    // In the house's lower case or in capitals; a sentence begins with one capital.
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    if word.chars().any(char::is_uppercase) && word.chars().any(char::is_lowercase) {
        return None;
    }
    let flat = text.to_ascii_lowercase();
    let is = |(begin, also): &(&str, &str)| flat.starts_with(begin) && flat.contains(also);
    STATEMENTS.iter().find(|it| is(it)).map(|(begin, _)| begin.trim_end())
}

/// Every text that stands in quotes outside of comments, its spaces made one.
fn texts(code: &str) -> impl Iterator<Item = (usize, String)> {
    let lines: Vec<&str> = code
        .lines()
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
        .collect();
    let code = lines.join("\n").replace("\\\"", "'").replace("'\"'", "");
    let mut at = 1;
    let mut found = Vec::new();
    for (nth, part) in code.split('"').enumerate() {
        if nth % 2 == 1 {
            let words: Vec<&str> = part.split_whitespace().filter(|word| *word != "\\").collect();
            found.push((at, words.join(" ")));
        }
        at += part.matches('\n').count();
    }
    found.into_iter()
}

#[test]
fn sql_is_found_however_it_is_written() {
    let found = |code: &str| first(code).map(|(at, _)| at);
    assert_eq!(found("one();\ntx.execute(\"delete from notes\", ())"), Some(2));
    assert_eq!(found("let sql = \"\n    update notes\n set text = ?1\";"), Some(1));
    assert_eq!(found("let sql = \"\\\n    SELECT 1\";"), Some(1));
    assert_eq!(found("format!(\"insert or ignore into {table} values (1)\")"), Some(1));
    assert_eq!(found("let said = \"Select one, or update it.\";"), None);
    assert_eq!(found("let said = \"update the list\";\n// \"delete from notes\""), None);
    assert_eq!(found("if it == '\"' { say(\"\\\"select 1\\\"\") }"), None);
}
