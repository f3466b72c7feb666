//! serde's complaints in a person's words, with the field that has to be mended.

use serde::de::IgnoredAny;
use serde_json::error::Category;

use crate::error::Error;

/// How alike two names must be for one to be proposed for the other.
const LIKENESS_MIN: f64 = 0.6;

/// What is wrong with one field.
#[derive(Debug, PartialEq)]
pub enum Reason<'a> {
    Unknown { name: &'a str, known: Vec<&'a str> },
    Missing { name: &'a str },
    Twice { name: &'a str },
    NoneOf { known: Vec<&'a str> },
    WrongType { expected: &'a str, got: &'a str },
    TooLarge,
    Other(&'a str),
}

/// A JSON body that could not be read; `path` is where, `.` for the whole.
pub fn json(path: &str, err: &serde_json::Error, bytes: &[u8]) -> Error {
    let text = err.to_string();
    let text = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
    match err.classify() {
        Category::Data => sentence(path, Reason::read(text), "field"),
        Category::Eof => Error::invalid("", "The JSON ends in the middle."),
        _ if text.contains("recursion limit") => {
            Error::invalid("", "The JSON is nested more than 128 levels deep.")
        }
        _ if text.contains("unicode") || text.contains("UTF-8") => {
            Error::invalid("", "The body is not valid UTF-8.")
        }
        // What is written well and read in vain: a choice of words was given something else.
        _ if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() => {
            sentence(path, Reason::WrongType { expected: "string", got: "" }, "field")
        }
        _ => {
            let (line, column) = (err.line(), err.column());
            let slip = slip(text);
            let message = format!(
                "The body is not valid JSON: {slip}, in line {line} at character {column}."
            );
            Error::invalid("", message)
        }
    }
}

/// What the parser stumbled over.
fn slip(text: &str) -> &'static str {
    match text {
        "expected value" | "expected ident" => "a value is missing, or a text lacks its quotes",
        "key must be a string" => "a name lacks its double quotes",
        "expected `:`" => "a colon is missing after a name",
        "trailing comma" => "nothing follows a comma",
        "invalid number" | "number out of range" => "a number is not written as JSON wants it",
        "invalid escape" => "a backslash stands before a letter that needs none",
        _ if text.starts_with("expected `,`") => "a comma or a closing bracket is missing",
        _ if text.starts_with("control character") => "a text holds a line break; write it as \\n",
        _ => "something is not written as JSON wants it",
    }
}

/// The same for a form or a query; `noun` is what one pair is called.
pub fn pairs(path: &str, text: &str, noun: &str) -> Error {
    sentence(path, Reason::read(text), noun)
}

impl<'a> Reason<'a> {
    fn read(text: &'a str) -> Reason<'a> {
        let quoted = |text: &'a str| text.split('`').nth(1).unwrap_or("");
        if let Some(rest) = text.strip_prefix("unknown field ") {
            let mut names = rest.split('`').skip(1).step_by(2);
            let name = names.next().unwrap_or("");
            return Reason::Unknown { name, known: names.collect() };
        }
        if text.starts_with("missing field ") {
            return Reason::Missing { name: quoted(text) };
        }
        if text.starts_with("duplicate field ") {
            return Reason::Twice { name: quoted(text) };
        }
        let variants = text.strip_prefix("unknown variant ");
        if let Some((_, known)) = variants.and_then(|rest| rest.rsplit_once(", expected ")) {
            return Reason::NoneOf { known: known.split('`').skip(1).step_by(2).collect() };
        }
        if text.starts_with("invalid length ") && text.contains("expected struct ") {
            return Reason::WrongType { expected: "a map", got: "sequence" };
        }
        if text.contains("invalid digit found") || text.contains("cannot parse integer") {
            return Reason::WrongType { expected: "a whole number, in digits alone", got: "" };
        }
        if text.contains("number too large") || text.contains("number too small") {
            return Reason::TooLarge;
        }
        if text.starts_with("failed to parse") {
            let expected = "a time such as 2027-01-01T00:00:00Z";
            return Reason::WrongType { expected, got: "" };
        }
        let typed = text.strip_prefix("invalid type: ").or(text.strip_prefix("invalid value: "));
        match typed.and_then(|rest| rest.rsplit_once(", expected ")) {
            Some((got, expected)) if is_too_large(got, expected) => Reason::TooLarge,
            Some((got, expected)) => Reason::WrongType { expected, got },
            None => Reason::Other(text),
        }
    }
}

fn sentence(path: &str, reason: Reason<'_>, noun: &str) -> Error {
    let field = if path == "." || path == "?" { "" } else { path };
    match reason {
        Reason::Unknown { name, known } => {
            let message = format!("There is no {noun} {name:?} here{}", instead(name, &known));
            Error::invalid(inside(field, name), message)
        }
        Reason::Missing { name } => {
            Error::invalid(inside(field, name), format!("The {noun} {name:?} is missing."))
        }
        Reason::Twice { name } => {
            Error::invalid(inside(field, name), format!("The {noun} {name:?} is given twice."))
        }
        Reason::NoneOf { known } => {
            let message = format!("The {noun} {field:?} must be one of: {}.", known.join(", "));
            Error::invalid(field.to_owned(), message)
        }
        Reason::WrongType { expected, got } if field.is_empty() => {
            let message = format!("The body must be {}, not {}.", plain(expected), kind(got));
            Error::invalid("", message)
        }
        Reason::WrongType { expected, got } => {
            let message =
                format!("The {noun} {field:?} must be {}, not {}.", plain(expected), kind(got));
            Error::invalid(field.to_owned(), message)
        }
        Reason::TooLarge => {
            let message = format!("The {noun} {field:?} is too large a number.");
            Error::invalid(field.to_owned(), message)
        }
        Reason::Other(text) if text.starts_with(char::is_uppercase) => {
            Error::invalid(field.to_owned(), text.to_owned())
        }
        Reason::Other(text) => {
            Error::invalid(field.to_owned(), format!("The {noun} {field:?} is wrong: {text}."))
        }
    }
}

/// A whole number where one is expected, and yet refused.
fn is_too_large(got: &str, expected: &str) -> bool {
    got.starts_with("integer `")
        && plain(expected).starts_with("a whole number")
        && !(got.contains('-') && expected.starts_with('u'))
}

/// `name` within the object at `field`; serde puts the name at the path's end only sometimes.
fn inside(field: &str, name: &str) -> String {
    match field {
        "" => name.to_owned(),
        _ if field == name || field.ends_with(&format!(".{name}")) => field.to_owned(),
        _ => format!("{field}.{name}"),
    }
}

fn instead(name: &str, known: &[&str]) -> String {
    let likeness = |other: &&&str| strsim::normalized_damerau_levenshtein(name, other);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) if LIKENESS_MIN <= likeness(&best) => format!("; did you mean {best:?}?"),
        _ if known.is_empty() => ".".to_owned(),
        _ => format!(". There is: {}.", known.join(", ")),
    }
}

fn plain(expected: &str) -> String {
    let words = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "a borrowed string" | "string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    };
    words.to_owned()
}

/// What came instead, without the value itself: it may be a password.
fn kind(got: &str) -> &str {
    match got.split([' ', '`']).next().unwrap_or("") {
        "string" | "character" => "a text",
        "integer" | "floating" => got.split('`').nth(1).unwrap_or("a number"),
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "an object",
        "null" | "unit" | "Option" => "null",
        _ => "that",
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde::Deserialize;

    use crate::web::form::{read_json, read_pairs};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Outer {
        name: String,
        daily_limit: Option<u32>,
        colour: Option<Colour>,
        #[serde(default)]
        inner: Vec<Inner>,
        most: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        DarkBlue,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Inner {
        on: bool,
    }

    fn body(text: &str) -> String {
        say(read_json::<Outer>(text.as_bytes()).unwrap_err())
    }

    fn query(text: &str) -> String {
        say(read_pairs::<Outer>(text.as_bytes(), "parameter").unwrap_err())
    }

    fn say(err: crate::error::Error) -> String {
        match err {
            crate::error::Error::Invalid { field, message } => format!("[{field}] {message}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_body_is_named_field_by_field() {
        assert_snapshot!(body(r#"{"nam": "x"}"#), @r#"[nam] There is no field "nam" here; did you mean "name"?"#);
        assert_snapshot!(body(r#"{"name": "x", "wrapping": 1}"#), @r#"[wrapping] There is no field "wrapping" here. There is: name, daily_limit, colour, inner, most."#);
        assert_snapshot!(body(r#"{"name": "x", "colour": "pink"}"#), @r#"[colour] The field "colour" must be one of: red, dark_blue."#);
        assert_snapshot!(body(r#"{}"#), @r#"[name] The field "name" is missing."#);
        assert_snapshot!(body(r#"{"name": "x", "daily_limit": "hunter2"}"#), @r#"[daily_limit] The field "daily_limit" must be a whole number from 0 up, not a text."#);
        assert_snapshot!(body(r#"{"name": "x", "daily_limit": -1}"#), @r#"[daily_limit] The field "daily_limit" must be a whole number from 0 up, not -1."#);
        assert_snapshot!(body(r#"{"name": "x", "daily_limit": 99999999999}"#), @r#"[daily_limit] The field "daily_limit" is too large a number."#);
        assert_snapshot!(body(r#"{"name": "x", "colour": 5}"#), @r#"[colour] The field "colour" must be a text, not that."#);
        assert_snapshot!(body(r#"{"name": "x", "inner": [{"on": true}, {"on": 1}]}"#), @r#"[inner[1].on] The field "inner[1].on" must be true or false, not 1."#);
        assert_snapshot!(body(r#"{"name": "x", "inner": [{"on": true, "off": 1}]}"#), @r#"[inner[0].off] There is no field "off" here. There is: on."#);
        assert_snapshot!(body(r#"{"name": "x", "inner": [{}]}"#), @r#"[inner[0].on] The field "on" is missing."#);
        assert_snapshot!(body(r#"{"name": "x", "name": "y"}"#), @r#"[name] The field "name" is given twice."#);
        assert_snapshot!(body(r#"{"name": "x", "inner": [[true]]}"#), @r#"[inner[0]] The field "inner[0]" must be an object, not a list."#);
        assert_snapshot!(body(r#"{"name": "x", "most": [true]}"#), @r#"[most] The field "most" must be an object, not a list."#);
        assert_snapshot!(body(r#"["x"]"#), @"[] The body must be an object, not a list.");
        assert_snapshot!(body(r#"{"name": "x"} {}"#), @"[] Something follows after the end of the JSON.");
        assert_snapshot!(body(r#"{"name": "x""#), @"[] The JSON ends in the middle.");
        assert_snapshot!(body(r#"{name: "x"}"#), @"[] The body is not valid JSON: a name lacks its double quotes, in line 1 at character 2.");
        assert_snapshot!(body(&"[".repeat(200)), @"[] The body must be an object, not a list.");
        assert_snapshot!(body(r#" ["x", 1, null, []]"#), @"[] The body must be an object, not a list.");
        assert_snapshot!(body(&format!(r#"{{"name": {}"#, "[".repeat(200))), @r#"[name] The field "name" must be a text, not a list."#);
        assert_snapshot!(say(read_json::<Outer>(b"{\"name\": \"\xff\"}").unwrap_err()), @"[] The body is not valid UTF-8.");
    }

    #[test]
    fn a_wrong_query_is_named_parameter_by_parameter() {
        assert_snapshot!(query("name=x&nme=y"), @r#"[nme] There is no parameter "nme" here; did you mean "name"?"#);
        assert_snapshot!(query("name=x&daily_limit=many"), @r#"[daily_limit] The parameter "daily_limit" must be a whole number, in digits alone, not that."#);
        assert_snapshot!(query("name=x&daily_limit=99999999999"), @r#"[daily_limit] The parameter "daily_limit" is too large a number."#);
        assert_snapshot!(query("name=x&name=y"), @r#"[name] The parameter "name" is given twice."#);
        assert_snapshot!(query("name=x&colour=pink"), @r#"[colour] The parameter "colour" must be one of: red, dark_blue."#);
        assert_snapshot!(query("name=%ff"), @r#"[name] The parameter "name" is not valid UTF-8."#);
        assert_snapshot!(query(""), @r#"[name] The parameter "name" is missing."#);
    }
}
