//! One thing the owner said, with matchers that read well in a phrase.

use jiff::Zoned;

use crate::dates::{self, Word};

/// What people say before they come to the point.
const OPENINGS: &[&str] = &[
    "please",
    "can you",
    "could you",
    "would you",
    "will you",
    "hey steward",
    "hi steward",
    "hello steward",
    "steward",
    "ok steward",
    "hey",
    "i want you to",
    "i would like you to",
];
const CLOSINGS: &[&str] = &["please", "thanks", "now"];

pub struct Utterance<'a> {
    text: &'a str,
    words: Vec<Word>,
    now: &'a Zoned,
    agents: &'a [String],
}

/// What a command is read by besides its words: the time, and the names of the other agents.
pub(super) type Scene<'a> = (&'a Zoned, &'a [String]);

impl<'a> Utterance<'a> {
    pub fn new(text: &'a str, now: &'a Zoned) -> Utterance<'a> {
        let mut text = text.trim();
        // "/help", as people type it in messengers.
        if let Some(command) = text.strip_prefix('/')
            && command.starts_with(char::is_alphabetic)
        {
            text = command;
        }
        let mut said = Utterance { text, words: dates::cut(text), now, agents: &[] };
        while let Some(rest) = said.after_any(OPENINGS).filter(|rest| !rest.is_empty()) {
            said = Utterance { text: rest, words: dates::cut(rest), now, agents: &[] };
        }
        said
    }

    /// The same, where there are agents of these names.
    pub fn among(self, agents: &'a [String]) -> Utterance<'a> {
        Utterance { agents, ..self }
    }

    /// The owner's words as typed, without "please" and the like in front.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Lower-cased, without punctuation around them.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter().map(|word| word.text.as_str())
    }

    pub fn now(&self) -> &Zoned {
        self.now
    }

    /// The names of the other agents.
    pub fn agents(&self) -> &'a [String] {
        self.agents
    }

    pub(super) fn scene(&self) -> Scene<'a> {
        (self.now, self.agents)
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own.text == word)
    }

    /// Whether this is all that was said, whatever the case, punctuation and a "please" at the end.
    pub fn is(&self, sayings: &[&str]) -> bool {
        let said: Vec<&str> = self.words().collect();
        let short = self.short();
        sayings.iter().any(|saying| {
            let saying: Vec<&str> = saying.split(' ').collect();
            said == saying || short == saying
        })
    }

    /// The words without a "please" and the like at the end.
    pub fn short(&self) -> Vec<&str> {
        let mut said: Vec<&str> = self.words().collect();
        said.pop_if(|last| 1 < self.words.len() && CLOSINGS.contains(last));
        said
    }

    /// What follows `start`, as typed: `after("note")` of "Note: milk" is "milk". None if it does not start so.
    pub fn after(&self, start: &str) -> Option<&'a str> {
        let mut own = self.words();
        start.split(' ').all(|word| own.next() == Some(word)).then_some(())?;
        let last = self.words.get(start.split(' ').count() - 1)?;
        let rest = self.text[last.range.end..].trim_start_matches(['"', '\'', '”', ')', ']']);
        Some(rest.trim_start_matches([':', ',', '.', '!', '?']).trim())
    }

    /// `after` for the first of several openings that fits: put longer ones first.
    pub fn after_any(&self, starts: &[&str]) -> Option<&'a str> {
        starts.iter().find_map(|start| self.after(start))
    }

    /// What was said without "please" and the like at its end.
    pub fn before_closing(mut rest: &str) -> &str {
        while let Some((more, last)) = rest.trim_end().rsplit_once(char::is_whitespace)
            && CLOSINGS.contains(&last.trim_matches(['.', '!', '?']).to_lowercase().as_str())
        {
            rest = more.trim_end_matches([',', ' ']);
        }
        rest
    }

    /// The text with its `n`th word replaced.
    pub fn replacing(&self, n: usize, word: &str) -> Option<String> {
        let range = &self.words.get(n)?.range;
        Some(format!("{}{word}{}", &self.text[..range.start], &self.text[range.end..]))
    }

    /// The first web address in it, as typed.
    pub fn url(&self) -> Option<&'a str> {
        let is_url =
            |word: &&Word| ["http://", "https://"].iter().any(|s| word.text.starts_with(s));
        self.words.iter().find(is_url).map(|word| &self.text[word.range.clone()])
    }
}
