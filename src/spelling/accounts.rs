//! Account numbers (IBAN, ISO 13616) and telephone numbers: the same digits, however they are spaced.

use super::fold::Piece;

const IBAN_CHARS: std::ops::RangeInclusive<usize> = 15..=34;
/// A row of numbers longer than this is a table.
const PHONE_PIECES_MAX: usize = 15;
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// An account number without its spaces, if its check digits are right.
pub fn iban(value: &str) -> Option<String> {
    let plain: String = value.split([' ', '\u{a0}']).collect::<String>().to_ascii_uppercase();
    is_iban(&plain).then_some(plain)
}

/// The account number that begins with the piece at `at`, and the piece after it.
pub fn iban_at(pieces: &[Piece<'_>], at: usize) -> Option<(String, usize)> {
    let first = pieces[at].text.as_bytes();
    let starts = first.len() >= 4 && first[..2].iter().all(u8::is_ascii_alphabetic);
    if !starts || !first[2..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut plain = String::new();
    let mut longest = None;
    for (end, piece) in (at + 1..).zip(&pieces[at..]) {
        plain.push_str(&piece.text.to_ascii_uppercase());
        if *IBAN_CHARS.end() < plain.len() || !plain.bytes().all(|b| b.is_ascii_alphanumeric()) {
            break;
        }
        if is_iban(&plain) {
            longest = Some((plain.clone(), end));
        }
        if piece.closed {
            break;
        }
    }
    longest
}

fn is_iban(plain: &str) -> bool {
    let bytes = plain.as_bytes();
    let shaped = IBAN_CHARS.contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    let value =
        |byte: u8| u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 10 });
    shaped
        && bytes[4..].iter().chain(&bytes[..4]).fold(0, |rest, byte| {
            let value = value(*byte);
            (rest * if value < 10 { 10 } else { 100 } + value) % 97
        }) == 1
}

/// A telephone number as its digits, with `+` where the country is named. Without the country it is
/// another number than with it: which one it would be is not ours to guess.
pub fn phone(value: &str) -> Option<String> {
    let value = value.trim();
    if !value.chars().all(is_of_a_phone) {
        return None;
    }
    let named = value.starts_with('+') || value.starts_with("00") || value.starts_with("(+");
    let value = if named { value.replacen("(0)", "", 1) } else { value.to_owned() };
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let digits = if value.starts_with("00") { digits[2..].to_owned() } else { digits };
    let marks = value.chars().filter(|c| matches!(c, '-' | '.' | ' ' | '\u{a0}')).count();
    let shaped = named || digits.starts_with('0') || value.starts_with('(') || marks >= 2;
    let plus = if named { "+" } else { "" };
    (shaped && PHONE_DIGITS.contains(&digits.len())).then(|| format!("{plus}{digits}"))
}

/// The telephone number that begins with the piece at `at`, and the piece after it.
pub fn phone_at(text: &str, pieces: &[Piece<'_>], at: usize) -> Option<(String, usize)> {
    if !pieces[at].text.chars().all(is_of_a_phone) {
        return None;
    }
    let joined = |pair: &&[Piece<'_>]| {
        pair[1].text.chars().all(is_of_a_phone)
            && text[pair[0].end()..pair[1].at].chars().all(is_of_a_phone)
    };
    let more = pieces[at..].windows(2).take(PHONE_PIECES_MAX).take_while(joined).count();
    if more == PHONE_PIECES_MAX {
        return None;
    }
    let end = at + 1 + more;
    // The opening bracket of "(0170) 123" stands before its piece.
    let start = pieces[at].at - usize::from(text[..pieces[at].at].ends_with('('));
    phone(&text[start..pieces[end - 1].end()]).map(|number| (number, end))
}

fn is_of_a_phone(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | '.' | '/' | ' ' | '\u{a0}')
}
