//! What the owner said in a conversation, kept so that a value is found in it at once.

use std::collections::HashSet;

use jiff::Zoned;
use serde_json::Value;

use super::names;
use crate::call::Role;
use crate::guard::whitelist;
use crate::net::WebUrl;
use crate::spelling::accounts;
use crate::spelling::fold::{self, Piece};
use crate::spelling::moments::{self, Moments};
use crate::spelling::numbers::{self, Amounts};
use crate::spelling::phrases::Phrases;
use crate::spelling::{money, spans};

/// Words right before a file's name that is a plain word: "delete the file report".
const BEFORE_A_PATH: &[&str] = &["file", "folder", "directory", "called", "named"];

/// Grows with each message; nothing is ever taken out. So what was grounded stays grounded.
#[derive(Clone)]
pub struct Said {
    pub(super) words: Phrases,
    /// What stands between spaces, whole.
    pieces: Phrases,
    addresses: HashSet<String>,
    urls: HashSet<String>,
    accounts: HashSet<String>,
    phones: HashSet<String>,
    /// Runs of digits that are no date, telephone number or part of another number.
    codes: HashSet<String>,
    amounts: Amounts,
    moments: Moments,
    quoted: HashSet<String>,
    commands: HashSet<String>,
}

impl Default for Said {
    fn default() -> Said {
        Said {
            words: Phrases::new(fold::plain),
            pieces: Phrases::new(fold::exact),
            addresses: HashSet::new(),
            urls: HashSet::new(),
            accounts: HashSet::new(),
            phones: HashSet::new(),
            codes: HashSet::new(),
            amounts: Amounts::default(),
            moments: Moments::default(),
            quoted: HashSet::new(),
            commands: HashSet::new(),
        }
    }
}

impl Said {
    /// One message of the owner's, and when it was written, in the owner's zone.
    pub fn add(&mut self, text: &str, at: &Zoned) {
        let pieces: Vec<Piece<'_>> = fold::pieces(text).collect();
        self.words.add(fold::tied_words(text));
        self.pieces.add(pieces.iter().map(|piece| (piece.text, false)));
        self.add_places(&pieces);
        self.add_numbers(text, &pieces, at);
        self.quoted.extend(spans::quoted(text).map(|span| fold::exact(span).into_owned()));
        self.commands.extend(spans::commands(text));
    }

    /// Whether the owner said this very value: a text or a number given for an argument that means
    /// `role`, or that nobody declared.
    pub fn grounds(&self, role: Option<Role>, value: &Value, now: &Zoned) -> bool {
        let text = match value {
            Value::String(text) => text.trim(),
            Value::Number(number) => return self.grounds_number(role, &number.to_string()),
            _ => return false,
        };
        if text.is_empty() || !fold::is_visible(text) {
            return false;
        }
        match role {
            Some(Role::Recipient | Role::Chat) => self.grounds_recipient(text),
            Some(Role::Url) => self.has_url(text),
            Some(Role::Path) => self.grounds_path(text),
            Some(Role::Amount) => self.grounds_amount(text),
            Some(Role::Date) => self.moments.ground(text, now),
            Some(Role::Id) => self.grounds_id(text),
            Some(Role::Command) => self.commands.contains(&spans::one_spaced(text)),
            Some(Role::Content | Role::Soft) => true,
            None => self.grounds_unknown(text, now),
        }
    }

    /// Whether a name of the owner's lists was said.
    pub fn names(&self, name: &str) -> bool {
        names::stands_in(&self.words, name)
    }

    /// Whether a name was said in this very spelling, but for its capitals.
    pub fn spells(&self, name: &str) -> bool {
        names::is_spelled_in(&self.words, name)
    }

    /// Whether the owner wrote this address of the web, whole.
    pub fn has_url(&self, text: &str) -> bool {
        WebUrl::parse(text).is_ok_and(|url| self.urls.contains(url.as_str()))
    }

    /// Whether the owner wrote an address on this host, or this host and port.
    pub fn has_site(&self, site: &str) -> bool {
        let urls = self.urls.iter().filter_map(|url| WebUrl::parse(url).ok());
        urls.into_iter().any(|url| url.host() == site || url.site() == site)
    }

    pub(super) fn has_address(&self, address: &str) -> bool {
        self.addresses.contains(address)
    }

    pub(super) fn has_piece(&self, piece: &str) -> bool {
        self.pieces.holds(&[piece])
    }

    fn grounds_recipient(&self, text: &str) -> bool {
        if text.contains('@') && !text.starts_with('@') {
            return whitelist::parse_address(text)
                .is_ok_and(|to| self.addresses.contains(&to.address));
        }
        if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '(')) {
            return self.codes.contains(text)
                || accounts::phone(text).is_some_and(|number| self.phones.contains(&number));
        }
        self.grounds_id(text)
    }

    fn grounds_path(&self, text: &str) -> bool {
        let path = text.strip_prefix("./").unwrap_or(text);
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let folder = format!("{path}/");
        if self.quoted.contains(&*fold::exact(path)) || self.quoted.contains(&*fold::exact(&folder))
        {
            return true;
        }
        if path.chars().all(char::is_alphabetic) {
            return BEFORE_A_PATH.iter().any(|before| self.pieces.holds(&[before, path]));
        }
        // Where a name with spaces ends can only be told by its quotes.
        let whole = !path.contains(char::is_whitespace);
        whole && (self.has_piece(path) || self.has_piece(&folder))
    }

    fn grounds_amount(&self, text: &str) -> bool {
        match numbers::amount(text) {
            Some(amount) => self.amounts.ground(&amount),
            None => money::unit(text).is_some_and(|unit| self.amounts.names(unit)),
        }
    }

    fn grounds_number(&self, role: Option<Role>, digits: &str) -> bool {
        let amount = || numbers::plain(digits).is_some_and(|amount| self.amounts.ground(&amount));
        match role {
            Some(Role::Content | Role::Soft) => true,
            Some(Role::Amount) => amount(),
            Some(Role::Id | Role::Recipient) => self.codes.contains(digits),
            Some(Role::Chat) => self.grounds_id(digits),
            None => self.codes.contains(digits) || amount(),
            Some(Role::Url | Role::Path | Role::Date | Role::Command) => false,
        }
    }

    fn grounds_id(&self, text: &str) -> bool {
        if let Some(account) = accounts::iban(text) {
            return self.accounts.contains(&account);
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return self.codes.contains(text);
        }
        if is_plain(text) {
            let words: Vec<&str> = fold::words(text).collect();
            return self.words.find_alone(&words).next().is_some();
        }
        self.has_pieces(text)
    }

    /// Nobody declared what it means, so it has to hold in the strictest of the ways it may be meant.
    fn grounds_unknown(&self, text: &str, now: &Zoned) -> bool {
        if text.contains("://") {
            return self.has_url(text);
        }
        if text.contains('@') || text.starts_with('+') {
            return self.grounds_recipient(text);
        }
        if numbers::amount(text).is_some() {
            return self.codes.contains(text) || self.grounds_amount(text);
        }
        if moments::is_moment(text, now) {
            return self.moments.ground(text, now);
        }
        let one_piece = !text.contains(char::is_whitespace);
        if one_piece || is_plain(text) {
            return self.grounds_id(text);
        }
        self.commands.contains(&spans::one_spaced(text))
    }

    fn has_pieces(&self, text: &str) -> bool {
        // "New York, NY 10001": a comma behind a word is no part of it.
        let bare = |piece| match str::strip_suffix(piece, ',') {
            Some(word) if word.chars().all(char::is_alphabetic) => word,
            _ => piece,
        };
        let pieces: Vec<&str> = text.split_whitespace().map(bare).collect();
        self.pieces.holds(&pieces)
    }

    fn add_places(&mut self, pieces: &[Piece<'_>]) {
        for piece in pieces {
            if piece.text.contains('@') {
                let parts = piece.text.split([',', ';', '<', '>', '(', ')', ':', '"']);
                let found = parts.filter_map(|part| whitelist::parse_address(part).ok());
                self.addresses.extend(found.map(|to| to.address));
            } else if piece.text.contains(['.', ':']) {
                let texts = [Some(piece.text), before_sentence(piece.text)].into_iter().flatten();
                let urls = texts.filter_map(|text| WebUrl::parse(text).ok());
                self.urls.extend(urls.map(|url| url.as_str().to_owned()));
            }
        }
    }

    fn add_numbers(&mut self, text: &str, pieces: &[Piece<'_>], at: &Zoned) {
        let dated = self.moments.add(text, at);
        let mut taken: Vec<bool> = vec![false; pieces.len()];
        let mut next = 0;
        for (place, piece) in pieces.iter().enumerate() {
            while dated.get(next).is_some_and(|range| range.end <= piece.at) {
                next += 1;
            }
            taken[place] = dated.get(next).is_some_and(|range| range.start < piece.end())
                || spans::counts_items(text, (piece.at, piece.end()));
        }
        let mut place = 0;
        while place < pieces.len() {
            let account = accounts::iban_at(pieces, place).filter(|_| !taken[place]);
            let phone = accounts::phone_at(text, pieces, place).filter(|_| !taken[place]);
            let end = match (account, phone) {
                (Some((account, end)), _) => {
                    self.accounts.insert(account);
                    end
                }
                (None, Some((phone, end))) => {
                    self.phones.insert(phone);
                    end
                }
                (None, None) => {
                    place += 1;
                    continue;
                }
            };
            // One piece may also be a plain number; several belong together.
            if place + 1 < end {
                taken[place..end].fill(true);
            }
            place = end;
        }
        let units = pieces.iter().filter_map(|piece| money::leading_unit(piece.text));
        units.for_each(|unit| self.amounts.name(unit));
        let base = |piece: &Piece<'_>| pieces.partition_point(|it| it.at < piece.at);
        let amounts = numbers::said(pieces, &|piece| taken[base(piece)]);
        amounts.into_iter().for_each(|amount| self.amounts.add(amount));
        self.add_codes(pieces, &taken);
    }

    /// A run of digits next to another belongs to it.
    fn add_codes(&mut self, pieces: &[Piece<'_>], taken: &[bool]) {
        let digits = |place: usize| {
            let text = pieces.get(place)?.text.trim_start_matches('#');
            let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            all.then_some(text)
        };
        for place in (0..pieces.len()).filter(|place| !taken[*place]) {
            let Some(code) = digits(place) else { continue };
            let joined = |one: usize| {
                !pieces[one].closed && digits(one).is_some() && digits(one + 1).is_some()
            };
            if !joined(place) && !place.checked_sub(1).is_some_and(joined) {
                self.codes.insert(code.to_owned());
            }
        }
    }
}

/// The address in `example.org.They`, where the next sentence lacks its blank.
fn before_sentence(text: &str) -> Option<&str> {
    let (address, next) = text.rsplit_once('.')?;
    let (first, rest) = next.split_at_checked(1)?;
    let is_small = |text: &str| !text.contains(char::is_uppercase);
    let begins = first.bytes().all(|byte| byte.is_ascii_uppercase())
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_lowercase());
    (begins && is_small(address)).then_some(address)
}

/// Words alone: no digit and no sign in them that a program could take for more.
fn is_plain(text: &str) -> bool {
    text.split_whitespace().all(|piece| {
        let piece = piece.trim_end_matches(['.', ',', '!', '?']);
        let within =
            |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '-') || fold::is_mark(c);
        piece.starts_with(char::is_alphabetic) && piece.chars().all(within)
    })
}
