//! What an admin types about a server, checked.

use url::Url;

use super::{Given, Transport};
use crate::error::{Error, Result};
use crate::net::WebUrl;

const NAME_CHARS_MAX: usize = 24;
const ARGS_MAX: usize = 32;
const GIVEN_MAX: usize = 32;
const TEXT_BYTES_MAX: usize = 2_000;
/// The protocol's own, and those that every request has.
const RESERVED_HEADERS: [&str; 8] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
];

pub fn name(text: &str) -> Result<String> {
    let name = text.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || NAME_CHARS_MAX < name.len() || !name.chars().all(plain) {
        let message = format!(
            "Give it a short name of small letters, digits and dashes, at most {NAME_CHARS_MAX}."
        );
        return Err(Error::invalid("name", message));
    }
    Ok(name.to_owned())
}

pub fn program(command: &str, args: Vec<String>) -> Result<Transport> {
    let command = command.trim();
    if command.is_empty() || !is_text(command) {
        return Err(Error::invalid("command", "Name the program, best with its whole path."));
    }
    if command.contains('/') && !command.starts_with('/') {
        return Err(Error::invalid("command", "Write the program's whole path, from / on."));
    }
    if args.len() > ARGS_MAX || !args.iter().all(|arg| is_text(arg)) {
        let message = format!("Give at most {ARGS_MAX} arguments of up to 2,000 characters.");
        return Err(Error::invalid("args", message));
    }
    Ok(Transport::Stdio { command: command.to_owned(), args })
}

pub fn address(url: &str) -> Result<Transport> {
    let wrong = || Error::invalid("url", "Write an address that begins with http:// or https://.");
    let url = url.trim();
    let parsed = Url::parse(url).map_err(|_| wrong())?;
    if !matches!(parsed.scheme(), "http" | "https") || TEXT_BYTES_MAX < url.len() {
        return Err(wrong());
    }
    let url = WebUrl::parse(url).map_err(|err| Error::invalid("url", err.to_string()))?;
    Ok(Transport::Http { url: url.as_str().to_owned() })
}

/// Names, values and credentials that fit what they are given to.
pub fn given(transport: &Transport, given: Vec<Given>) -> Result<Vec<Given>> {
    let (field, what) = match transport {
        Transport::Stdio { .. } => ("env", "a variable"),
        Transport::Http { .. } => ("headers", "a header"),
    };
    if given.len() > GIVEN_MAX {
        return Err(Error::invalid(field, format!("That is more than {GIVEN_MAX}.")));
    }
    for (at, one) in given.iter().enumerate() {
        if !is_name(transport, &one.name) {
            let message = format!("{:?} can't be the name of {what}.", one.name);
            return Err(Error::invalid(field, message));
        }
        if given[..at].iter().any(|other| other.name.eq_ignore_ascii_case(&one.name)) {
            return Err(Error::invalid(field, format!("{} is there twice.", one.name)));
        }
        if !one.value.is_empty() && !is_text(&one.value) {
            let message = format!("The value of {} has characters that it can't have.", one.name);
            return Err(Error::invalid(field, message));
        }
        if one.credential.as_deref().is_some_and(|key| key.is_empty() || !is_text(key)) {
            let message =
                format!("Name the credential for {} as it is called in the vault.", one.name);
            return Err(Error::invalid(field, message));
        }
    }
    Ok(given)
}

fn is_name(transport: &Transport, name: &str) -> bool {
    let shortish = !name.is_empty() && name.len() <= 100;
    shortish
        && match transport {
            Transport::Stdio { .. } => {
                !name.starts_with(|c: char| c.is_ascii_digit())
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            }
            Transport::Http { .. } => {
                name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                    && !RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str())
            }
        }
}

/// One line, not too long.
fn is_text(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
}

/// The lines of a form: `NAME=value`, and `@key` at the end stands for a credential:
/// `Authorization=Bearer @secret:weather`.
pub fn given_lines(text: &str) -> Result<Vec<Given>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let Some((name, value)) = line.split_once('=') else {
            let message = format!("Write NAME=value in each line; {line:?} has no equals sign.");
            return Err(Error::invalid("given", message));
        };
        let (name, value) = (name.trim().to_owned(), value.trim());
        Ok(match value.rsplit_once('@') {
            Some((before, key)) if key.contains(':') && !key.contains(char::is_whitespace) => {
                Given { name, value: before.to_owned(), credential: Some(key.to_owned()) }
            }
            _ => Given { name, value: value.to_owned(), credential: None },
        })
    };
    lines.map(read).collect()
}

/// The same lines again, for the form.
pub fn as_lines(given: &[Given]) -> String {
    let line = |it: &Given| match &it.credential {
        Some(key) => format!("{}={}@{key}\n", it.name, it.value),
        None => format!("{}={}\n", it.name, it.value),
    };
    given.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_a_value_and_a_credential_by_name() {
        let text = "PATH=/usr/bin\n\nTOKEN = @secret:github\nAuthorization=Bearer @secret:weather\nMAIL=a@b";
        let read = given_lines(text).unwrap();
        assert_eq!(
            as_lines(&read),
            "PATH=/usr/bin\nTOKEN=@secret:github\nAuthorization=Bearer @secret:weather\nMAIL=a@b\n"
        );
        assert_eq!(read[2].credential.as_deref(), Some("secret:weather"));
        assert_eq!((read[2].value.as_str(), read[3].credential.as_deref()), ("Bearer ", None));
        assert!(given_lines("TOKEN").is_err());
    }

    #[test]
    fn what_can_not_be_is_refused_with_a_sentence() {
        let said = |result: Result<()>| result.unwrap_err().to_string();
        assert!(said(name("Has Spaces").map(drop)).starts_with("Give it a short name"));
        assert!(said(name("a__b").map(drop)).starts_with("Give it a short name"));
        assert!(said(program("", vec![]).map(drop)).starts_with("Name the program"));
        assert!(said(program("bin/x", vec![]).map(drop)).contains("whole path"));
        assert!(said(address("ftp://x").map(drop)).contains("http://"));
        let http = address("https://tools.example.org/mcp").unwrap();
        let header = |name: &str| {
            let one = Given { name: name.to_owned(), value: "x".to_owned(), credential: None };
            given(&http, vec![one])
        };
        assert!(header("X-Key").is_ok());
        assert!(said(header("Mcp-Session-Id").map(drop)).contains("can't be the name of a header"));
        assert!(said(header("a b").map(drop)).contains("can't be the name of a header"));
    }
}
