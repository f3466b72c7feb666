//! What a number stands for where it is said: money, a part of something, or the name of a thing.

use super::fold::{self, Piece};
use super::money;

/// Right in front of a number that is a name: "invoice 900", "room 4711".
const NAMED: &[&str] = &[
    "account",
    "apartment",
    "apt",
    "article",
    "bill",
    "block",
    "booking",
    "box",
    "building",
    "bus",
    "case",
    "chapter",
    "client",
    "code",
    "contract",
    "customer",
    "door",
    "episode",
    "ext",
    "extension",
    "file",
    "flat",
    "flight",
    "floor",
    "gate",
    "house",
    "id",
    "invoice",
    "invoices",
    "item",
    "level",
    "line",
    "lot",
    "member",
    "model",
    "page",
    "phone",
    "pin",
    "platform",
    "policy",
    "port",
    "postcode",
    "ref",
    "reference",
    "report",
    "room",
    "season",
    "seat",
    "section",
    "step",
    "suite",
    "task",
    "ticket",
    "track",
    "train",
    "unit",
    "v",
    "version",
    "volume",
    "year",
    "zip",
];
/// The same, also with a stop: "invoice no. 900".
const NUMBERED: &[&str] = &["no", "nr", "num", "number", "numbers"];
/// "Order two of them" is no name, "the order 900" is one.
const BEFORE_AN_ORDER: &[&str] = &[
    "a", "an", "about", "for", "from", "his", "her", "my", "of", "on", "our", "that", "the",
    "their", "this", "to", "your",
];
/// Behind a number that is only a part of what is meant: "20 k", "20 x 3".
const SCALES: &[&str] =
    &["*", "bn", "crore", "grand", "k", "lakh", "m", "mio", "mn", "times", "tsd", "x", "×"];
/// In front of it, the same.
const FACTORS: &[&str] =
    &["*", "divided", "double", "half", "minus", "plus", "times", "triple", "twice", "x", "×"];
/// What is taken "of" a number.
const PARTS: &[&str] = &[
    "bit",
    "eighth",
    "fifth",
    "fraction",
    "half",
    "part",
    "parts",
    "percent",
    "percentage",
    "portion",
    "quarter",
    "quarters",
    "rest",
    "share",
    "sixth",
    "tenth",
    "third",
    "thirds",
];
const ARTICLES: &[&str] =
    &["about", "her", "his", "my", "our", "that", "the", "their", "these", "this", "those", "your"];
/// A number right behind one of these is money.
const MONEY: &[&str] = &[
    "amount", "budget", "charge", "cost", "costs", "deposit", "donate", "invest", "lend", "limit",
    "pay", "paying", "payment", "pays", "price", "refund", "spend", "sum", "tip", "total",
    "transfer", "wire", "withdraw",
];

/// The number of the pieces from `at` up to `end`.
pub struct Place<'p, 't> {
    pub pieces: &'p [Piece<'t>],
    pub at: usize,
    pub end: usize,
}

impl Place<'_, '_> {
    /// It is said to be counted with, so nobody knows how much is meant.
    pub fn is_part(&self) -> bool {
        let scaled = self.behind().is_some_and(|piece| is(piece, SCALES));
        let mut at = self.at;
        let lead = at.checked_sub(1).and_then(|before| self.pieces.get(before));
        if lead.is_some_and(|piece| !piece.closed && money::leading_unit(piece.text).is_some()) {
            at -= 1;
        }
        while self.stands(at, 1, ARTICLES) {
            at -= 1;
        }
        let taken = self.stands(at, 1, &["of"])
            && (self.stands(at, 2, PARTS)
                || self.before(at, 2).is_some_and(|it| it.text.ends_with('%')));
        scaled || taken || self.stands(at, 1, FACTORS)
    }

    /// It is the name of something: of an invoice, a room, a year.
    pub fn is_name(&self) -> bool {
        let numbered = self.at.checked_sub(1).and_then(|at| self.pieces.get(at));
        let order = self.stands(self.at, 1, &["order", "orders"])
            && self.stands(self.at, 2, BEFORE_AN_ORDER);
        let first = self.pieces[self.at].text;
        let year = self.end == self.at + 1
            && first.len() == 4
            && first.parse().is_ok_and(|year: u32| (1900..2100).contains(&year));
        first.starts_with('#')
            || order
            || year && !self.is_money()
            || numbered.is_some_and(|piece| is(piece, NUMBERED))
            || self.stands(self.at, 1, NAMED)
    }

    /// "pay 20", "a total of 20".
    pub fn is_money(&self) -> bool {
        let of = self.stands(self.at, 1, &["of"]) && self.stands(self.at, 2, MONEY);
        of || self.stands(self.at, 1, MONEY)
    }

    /// Whether `next` begins right behind the unit that stands behind this one.
    pub fn shares_a_unit(&self, next: usize) -> bool {
        let between = self.pieces.get(self.end).filter(|_| next == self.end + 1);
        let open = !self.pieces[self.end - 1].closed;
        between.is_some_and(|piece| open && !piece.closed && money::unit(piece.text).is_some())
    }

    /// The piece behind the number and its unit, where nothing closes before it.
    fn behind(&self) -> Option<&Piece<'_>> {
        let open = |end: usize| self.pieces.get(end).filter(|_| !self.pieces[end - 1].closed);
        let unit = open(self.end).filter(|piece| money::unit(piece.text).is_some());
        open(self.end + usize::from(unit.is_some()))
    }

    /// Whether one of these words stands so many pieces before `at`, with nothing closed in between.
    fn stands(&self, at: usize, back: usize, words: &[&str]) -> bool {
        self.before(at, back).is_some_and(|piece| is(piece, words))
    }

    fn before(&self, at: usize, back: usize) -> Option<&Piece<'_>> {
        let start = at.checked_sub(back)?;
        let open = self.pieces[start..at].iter().all(|piece| !piece.closed);
        self.pieces.get(start).filter(|_| open)
    }
}

fn is(piece: &Piece<'_>, words: &[&str]) -> bool {
    words.contains(&&*fold::plain(piece.text))
}
