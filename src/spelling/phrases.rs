//! Finds words that stand next to each other in a long text, without reading the text again.

use std::borrow::Cow;
use std::collections::HashMap;

/// Stands where one text ends and the next begins, so that no phrase reaches across.
const BREAK: u32 = u32::MAX;

/// The words of some texts in their order, and for each word where it stands.
#[derive(Clone)]
pub struct Phrases {
    /// How two spellings are seen to be one word.
    fold: fn(&str) -> Cow<'_, str>,
    /// By spelling.
    spellings: HashMap<Box<str>, u32>,
    known: Vec<Spelling>,
    words: HashMap<Box<str>, u32>,
    /// By word, in ascending order.
    places: Vec<Vec<u32>>,
    sequence: Vec<u32>,
    /// Whether a sign ties a word to the next one.
    tied: Vec<bool>,
}

#[derive(Clone)]
struct Spelling {
    text: Box<str>,
    word: u32,
}

impl Phrases {
    pub fn new(fold: fn(&str) -> Cow<'_, str>) -> Phrases {
        Phrases {
            fold,
            spellings: HashMap::new(),
            known: Vec::new(),
            words: HashMap::new(),
            places: Vec::new(),
            sequence: Vec::new(),
            tied: Vec::new(),
        }
    }

    /// One text: its words, each with whether it is tied to the next.
    pub fn add<'t>(&mut self, words: impl Iterator<Item = (&'t str, bool)>) {
        for (spelling, tied) in words {
            let id = self.spelling(spelling);
            let at = u32::try_from(self.sequence.len()).unwrap_or(BREAK);
            self.places[self.known[id as usize].word as usize].push(at);
            self.sequence.push(id);
            self.tied.push(tied);
        }
        self.sequence.push(BREAK);
        self.tied.push(false);
    }

    /// Where the next word will stand; what has a lower place was added before.
    pub fn end(&self) -> usize {
        self.sequence.len()
    }

    /// Where these words stand next to each other, first to last.
    pub fn find<'p>(&'p self, words: &[&str]) -> impl Iterator<Item = usize> + use<'p> {
        self.find_among(words, usize::MAX)
    }

    /// The same, but looks at no more than so many places.
    pub fn find_among<'p>(
        &'p self,
        words: &[&str],
        places_max: usize,
    ) -> impl Iterator<Item = usize> + use<'p> {
        let ids: Option<Vec<u32>> =
            words.iter().map(|word| self.words.get(&*(self.fold)(word)).copied()).collect();
        let ids = ids.unwrap_or_default();
        let rarest = (0..ids.len()).min_by_key(|at| self.places[ids[*at] as usize].len());
        let places = rarest.map(|at| &*self.places[ids[at] as usize]).unwrap_or_default();
        let before = rarest.unwrap_or_default();
        let starts = places.iter().take(places_max);
        starts
            .filter_map(move |place| (*place as usize).checked_sub(before))
            .filter(move |start| self.stands(&ids, *start))
    }

    pub fn holds(&self, words: &[&str]) -> bool {
        self.find(words).next().is_some()
    }

    /// Where these words stand with nothing tied to either end, but for the `'s` of "Anna's".
    pub fn find_alone<'p>(&'p self, words: &[&str]) -> impl Iterator<Item = usize> + use<'p> {
        let count = words.len();
        self.find(words).filter(move |start| {
            let end = start + count;
            let before = start.checked_sub(1).is_some_and(|before| self.tied[before]);
            !before && (!self.tied[end - 1] || self.spelled(end) == Some("s"))
        })
    }

    /// The word at a place as it was spelled; none between two texts.
    pub fn spelled(&self, place: usize) -> Option<&str> {
        let id = *self.sequence.get(place)?;
        self.known.get(id as usize).map(|spelling| &*spelling.text)
    }

    fn stands(&self, ids: &[u32], start: usize) -> bool {
        let here = self.sequence.get(start..start + ids.len());
        here.is_some_and(|here| {
            here.iter().zip(ids).all(|(spelling, id)| {
                self.known.get(*spelling as usize).is_some_and(|known| known.word == *id)
            })
        })
    }

    fn spelling(&mut self, text: &str) -> u32 {
        if let Some(id) = self.spellings.get(text) {
            return *id;
        }
        let folded = (self.fold)(text);
        let word = match self.words.get(&*folded) {
            Some(word) => *word,
            None => {
                let word = u32::try_from(self.places.len()).unwrap_or(BREAK);
                self.places.push(Vec::new());
                self.words.insert(folded.into(), word);
                word
            }
        };
        let id = u32::try_from(self.known.len()).unwrap_or(BREAK);
        self.known.push(Spelling { text: text.into(), word });
        self.spellings.insert(text.into(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold;
    use super::*;

    #[test]
    fn words_are_found_next_to_each_other_and_in_their_order() {
        let mut phrases = Phrases::new(fold::plain);
        phrases.add(fold::tied_words("Mail Zoë Miller, please."));
        phrases.add(fold::tied_words("Ann and zoe"));
        for (said, found) in [
            ("zoe", vec![1, 7]),
            ("ZOE miller", vec![1]),
            ("miller zoe", vec![]),
            ("please ann", vec![]),
            ("nobody", vec![]),
            ("", vec![]),
        ] {
            let words: Vec<&str> = fold::words(said).collect();
            assert_eq!(phrases.find(&words).collect::<Vec<_>>(), found, "{said}");
        }
        assert_eq!((phrases.spelled(1), phrases.spelled(4)), (Some("Zoë"), None));
    }
}
