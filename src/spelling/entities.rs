//! The characters that HTML (and XML) writes as `&amp;` or `&#34;`, and the like.

/// `text` with them read; `None`: there are none.
pub fn decoded(text: &str) -> Option<String> {
    text.find('&')?;
    let (mut decoded, mut rest, mut changed) = (String::new(), text, false);
    while let Some(at) = rest.find('&') {
        let (before, after) = rest.split_at(at);
        decoded.push_str(before);
        // No name holds another `&`, so nothing is looked through twice.
        let end = 1 + name_length(&after[1..]);
        let whole = after[end..].starts_with(';');
        // A number needs no end; readers take it all the same.
        if let Some(c) = entity(&after[1..end]).filter(|_| whole || after[1..].starts_with('#')) {
            changed = true;
            decoded.push(c);
            rest = &after[end + usize::from(whole)..];
        } else {
            decoded.push('&');
            rest = &after[1..];
        }
    }
    decoded.push_str(rest);
    changed.then_some(decoded)
}

/// Bytes of the name of an entity; of a number, as far as its digits go.
fn name_length(text: &str) -> usize {
    let (start, digit): (usize, fn(&u8) -> bool) = match text.as_bytes() {
        [b'#', b'x' | b'X', ..] => (2, u8::is_ascii_hexdigit),
        [b'#', ..] => (1, u8::is_ascii_digit),
        _ => (0, u8::is_ascii_alphanumeric),
    };
    start + text.bytes().skip(start).take_while(digit).count()
}

/// The signs that an address is made of are among the names.
fn entity(name: &str) -> Option<char> {
    match name {
        "colon" => Some(':'),
        "sol" => Some('/'),
        "bsol" => Some('\\'),
        "period" => Some('.'),
        "commat" => Some('@'),
        "quest" => Some('?'),
        "num" => Some('#'),
        "equals" => Some('='),
        "lowbar" | "UnderBar" => Some('_'),
        "percnt" => Some('%'),
        "Tab" => Some('\t'),
        "NewLine" => Some('\n'),
        "nbsp" => Some('\u{a0}'),
        "shy" => Some('\u{ad}'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']);
            let code = match hex {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_read_as_browsers_read_them() {
        for (written, read) in [
            ("a &amp; b &#34;", Some("a & b \"")),
            ("https&#58;//evil", Some("https://evil")),
            ("htt&#112s&#x3A&sol;", Some("https:/")),
            ("&colon;&commat;&unknown;", Some(":@&unknown;")),
            ("a & b &; &#; &amp", None),
        ] {
            assert_eq!(decoded(written).as_deref(), read, "{written}");
        }
    }
}
