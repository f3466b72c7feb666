//! What was asked of the house and what it answered, as somebody outside remembers it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::chance::Chance;
use crate::peers;

const VERBS: [&str; 8] = ["say", "note", "find", "send", "send", "yes", "no", "let"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// No answer came, so it may have happened or not.
    Unknown,
    Accepted,
    /// With the status and the words.
    Refused(String),
}

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct Said {
    pub tokens: Vec<String>,
    pub fate: Fate,
}

/// A card that was seen.
#[derive(Debug, Clone)]
pub struct Card {
    pub token: String,
    pub answer: Option<Fate>,
}

/// A delivery of the program that calls.
#[derive(Debug, Clone)]
struct Delivery {
    event: String,
    /// None: nobody can have heard of it yet.
    fate: Option<Fate>,
    given_up: bool,
}

#[derive(Default)]
pub struct Diary {
    /// The machine is at fault now and then, so what is asked for may fail, as long as that is said.
    pub lenient: bool,
    said: RefCell<Vec<Said>>,
    /// By the id of the call.
    cards: RefCell<BTreeMap<String, Card>>,
    delivered: RefCell<Vec<Delivery>>,
    broken: RefCell<Vec<String>>,
}

impl Diary {
    pub fn new(lenient: bool) -> Diary {
        Diary { lenient, ..Diary::default() }
    }

    /// Thinks of a message with one to three wishes.
    pub fn compose(&self, chance: &Chance) -> usize {
        let mut said = self.said.borrow_mut();
        let at = said.len();
        let count = 1 + chance.below(3);
        let token = |part: u64| format!("{}-{at}-{part}", chance.pick(&VERBS));
        said.push(Said { tokens: (0..count).map(token).collect(), fate: Fate::Unknown });
        at
    }

    pub fn words(&self, at: usize) -> String {
        peers::words(&self.said.borrow()[at].tokens)
    }

    /// A card comes of it that nobody will answer.
    pub fn stays_open(&self, at: usize) -> bool {
        self.said.borrow()[at].tokens.iter().any(|token| peers::verb(token) == "let")
    }

    pub fn settle(&self, at: usize, fate: Fate) {
        self.said.borrow_mut()[at].fate = fate;
    }

    /// A list of the cards that wait: all that were seen and not answered must be there.
    pub fn see(&self, waiting: &[Value]) {
        let mut cards = self.cards.borrow_mut();
        let ids: Vec<&str> = waiting.iter().map(|card| card["call_id"].as_str().unwrap()).collect();
        for (id, card) in cards.iter().filter(|(_, card)| card.answer.is_none()) {
            if !ids.contains(&id.as_str()) && !self.lenient {
                self.broken(format!("the card of {} waits no more", card.token));
            }
        }
        for (id, card) in cards.iter().filter(|(_, card)| card.answer == Some(Fate::Accepted)) {
            if ids.contains(&id.as_str()) {
                self.broken(format!("the card of {} was answered and waits again", card.token));
            }
        }
        for (id, card) in ids.iter().zip(waiting) {
            let token = peers::sealed(card["arguments"]["text"].as_str().unwrap());
            cards.entry((*id).to_owned()).or_insert(Card { token, answer: None });
        }
    }

    pub fn card(&self, id: &str) -> Card {
        self.cards.borrow()[id].clone()
    }

    pub fn answer(&self, id: &str, fate: Fate) {
        self.cards.borrow_mut().get_mut(id).unwrap().answer = Some(fate);
    }

    /// The delivery that is still to be answered, else a new one; and whether somebody may have heard
    /// of it.
    pub fn delivery(&self) -> (String, bool) {
        let mut delivered = self.delivered.borrow_mut();
        let open = |it: &&Delivery| !it.given_up && matches!(it.fate, None | Some(Fate::Unknown));
        if let Some(last) = delivered.last().filter(open) {
            return (last.event.clone(), last.fate.is_some());
        }
        let event = format!("event-{}", delivered.len());
        delivered.push(Delivery { event: event.clone(), fate: None, given_up: false });
        (event, false)
    }

    pub fn deliver(&self, event: &str, fate: Fate) {
        self.with_delivery(event, |it| it.fate = Some(fate));
    }

    pub fn not_heard(&self, event: &str) {
        self.with_delivery(event, |it| it.fate = None);
    }

    /// It may have happened or not, and is not sent again.
    pub fn give_up(&self, event: &str) {
        self.with_delivery(event, |it| it.given_up = true);
    }

    fn with_delivery(&self, event: &str, change: impl FnOnce(&mut Delivery)) {
        let mut delivered = self.delivered.borrow_mut();
        change(delivered.iter_mut().rev().find(|it| it.event == event).unwrap());
    }

    pub fn all_delivered(&self) -> Vec<(String, Fate)> {
        let delivered = self.delivered.borrow();
        let told = |it: &Delivery| (it.event.clone(), it.fate.clone().unwrap_or(Fate::Unknown));
        delivered.iter().map(told).collect()
    }

    pub fn broken(&self, promise: String) {
        self.broken.borrow_mut().push(promise);
    }

    pub fn all_broken(&self) -> Vec<String> {
        self.broken.borrow().clone()
    }

    pub fn all_said(&self) -> Vec<Said> {
        self.said.borrow().clone()
    }

    pub fn all_cards(&self) -> Vec<Card> {
        self.cards.borrow().values().cloned().collect()
    }
}
