//! Colours for code, as nine classes instead of a grammar's hundreds of scopes.
//!
//! The grammars are read when the first code is shown, so that starting costs nothing.

use std::fmt::Write as _;
use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, ScopeStackOp, SyntaxReference, SyntaxSet};

/// More code than this, or a longer line, is shown plain: colours are not worth the wait.
const CODE_BYTES_MAX: usize = 32 * 1024;
const LINE_BYTES_MAX: usize = 1000;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// The first scope that matches decides; `static/app.css` gives each class its colour.
static CLASSES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    let scopes = [
        ("comment", "c"),
        ("constant.character.escape", "e"),
        ("punctuation.definition.string", "s"),
        ("string", "s"),
        ("constant.numeric", "n"),
        ("constant.language", "n"),
        ("constant", "n"),
        ("keyword.operator", "o"),
        ("keyword", "k"),
        ("storage", "k"),
        ("entity.name.function", "f"),
        ("support.function", "f"),
        ("variable.function", "f"),
        ("entity.name.tag", "t"),
        ("entity.name", "t"),
        ("support.type", "t"),
        ("support.class", "t"),
        ("entity.other.attribute-name", "a"),
        ("variable.parameter", "a"),
        ("markup.inserted", "s"),
        ("markup.deleted", "k"),
    ];
    scopes.into_iter().filter_map(|(name, class)| Some((Scope::new(name).ok()?, class))).collect()
});

/// The classes that come out, for the sanitiser.
pub const ALL_CLASSES: [&str; 9] = ["c", "e", "s", "n", "o", "k", "f", "t", "a"];

/// `code` as escaped HTML with `<span class>`, or `None` where the language is unknown or it is
/// too much.
pub fn highlight(code: &str, language: &str) -> Option<String> {
    if code.len() > CODE_BYTES_MAX || code.lines().any(|line| line.len() > LINE_BYTES_MAX) {
        return None;
    }
    let mut state = ParseState::new(syntax(language)?);
    let mut stack = ScopeStack::new();
    let mut html = String::with_capacity(code.len() * 2);
    let mut open = None;
    for line in code.split_inclusive('\n') {
        let ops = state.parse_line(line, &SYNTAXES).ok()?;
        let mut from = 0;
        for (at, op) in &ops {
            write_piece(&mut html, &line[from..*at], &stack, &mut open);
            from = *at;
            apply(&mut stack, op)?;
        }
        write_piece(&mut html, &line[from..], &stack, &mut open);
    }
    if open.is_some() {
        html.push_str("</span>");
    }
    Some(html)
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let name = language.to_ascii_lowercase();
    let token = match name.as_str() {
        "" | "text" | "txt" | "plain" | "plaintext" | "output" => return None,
        "ts" | "typescript" | "tsx" | "jsx" | "mjs" => "js",
        "console" | "shell" | "zsh" | "fish" | "shell-session" => "sh",
        "jsonc" | "json5" | "jsonl" => "json",
        other => other,
    };
    SYNTAXES.find_syntax_by_token(token)
}

fn apply(stack: &mut ScopeStack, op: &ScopeStackOp) -> Option<()> {
    stack.apply(op).ok()
}

fn write_piece(html: &mut String, text: &str, stack: &ScopeStack, open: &mut Option<&'static str>) {
    if text.is_empty() {
        return;
    }
    let class = if text.trim().is_empty() { *open } else { class_of(stack) };
    if class != *open {
        if open.is_some() {
            html.push_str("</span>");
        }
        if let Some(class) = class {
            let _ = write!(html, "<span class=\"{class}\">");
        }
        *open = class;
    }
    escape(html, text);
}

/// The innermost scope that has a class.
fn class_of(stack: &ScopeStack) -> Option<&'static str> {
    stack.scopes.iter().rev().find_map(|scope| {
        let known = CLASSES.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope));
        known.map(|(_, class)| *class)
    })
}

/// Text as HTML text.
pub fn escape(html: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CODE_BYTES_MAX, highlight};

    #[test]
    fn code_gets_few_and_short_classes() {
        insta::assert_snapshot!(
            highlight("fn main() { let a = \"<b>\"; } // x\n", "rust").unwrap(),
            @r#"
    <span class="k">fn </span><span class="f">main</span>() { <span class="k">let</span> a <span class="o">= </span><span class="s">&quot;&lt;b&gt;&quot;</span>; } <span class="c">// x
    </span>
    "#
        );
    }

    #[test]
    fn unknown_or_endless_code_is_left_plain() {
        assert_eq!(highlight("x", "no such language"), None);
        assert_eq!(highlight(&"x\n".repeat(CODE_BYTES_MAX), "rust"), None);
        assert_eq!(highlight(&"(".repeat(2000), "rust"), None);
    }
}
