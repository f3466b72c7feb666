//! What a conversation has read, kept so that a value's origin is found at once.

use std::collections::HashSet;

use super::said::Said;
use super::secrets::Secrets;
use super::urls;
use crate::label::{Label, Origins, Secrecy, Trust};
use crate::net::WebUrl;
use crate::spelling::fold;
use crate::spelling::phrases::Phrases;

/// Places looked at for one value: a page of one word a million times must not hold up a verdict.
/// What is missed is only the name of where it came from.
const PLACES_MAX: usize = 5_000;

/// Grows with each text that is read; nothing is ever taken out.
#[derive(Clone)]
pub struct Read {
    /// The words of what came from outside.
    words: Phrases,
    /// Where each text's words begin, and whose it is.
    origins: Vec<(usize, Origins)>,
    /// Links to a page's own site.
    links: HashSet<String>,
    secrets: Secrets,
    outside: bool,
    /// Something beside the descriptions of tools.
    content: bool,
}

impl Default for Read {
    fn default() -> Read {
        let words = Phrases::new(fold::plain);
        Read {
            words,
            origins: Vec::new(),
            links: HashSet::new(),
            secrets: Secrets::default(),
            outside: false,
            content: false,
        }
    }
}

impl Read {
    pub fn add(&mut self, label: &Label, text: &str) {
        self.content |= label.trust == Trust::Outside;
        self.add_description(label, text);
    }

    /// What a tool's server says of the tool, which the owner looked at when it was accepted, and
    /// what a model wrote that was shown it.
    pub fn add_description(&mut self, label: &Label, text: &str) {
        if label.secrecy == Secrecy::Secret {
            self.secrets.add(text);
        }
        if label.trust != Trust::Outside {
            return;
        }
        self.outside = true;
        self.origins.push((self.words.end(), label.origin.clone()));
        self.words.add(fold::tied_words(text));
        self.links.extend(urls::own_links(label, text).map(|link| link.as_str().to_owned()));
    }

    /// Whether anything was read that somebody else wrote.
    pub fn has_outside(&self) -> bool {
        self.outside
    }

    /// The same, the descriptions of tools left aside.
    pub fn has_outside_content(&self) -> bool {
        self.content
    }

    /// Who wrote a text from outside that holds `value`, word for word; the first that was read.
    pub fn origin(&self, value: &str) -> Option<&Origins> {
        let words: Vec<&str> = fold::words(value).collect();
        let place = self.words.find_among(&words, PLACES_MAX).next()?;
        let after = self.origins.partition_point(|(start, _)| *start <= place);
        self.origins.get(after.checked_sub(1)?).map(|(_, origin)| origin)
    }

    /// Whether `text` holds a piece of a text that is marked as secret and that the owner did not say.
    pub fn has_secret(&self, text: &str, said: &Said) -> bool {
        self.secrets.are_in(text, said)
    }

    /// Whether a page of the same site links to exactly this address.
    pub fn has_link(&self, url: &WebUrl) -> bool {
        self.links.contains(url.as_str())
    }
}
