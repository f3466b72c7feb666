//! Where the parts of an answer stand in its conversation's history. Other events may come between
//! two pieces of it, a message of the owner's for one, and each has its own place.

use std::collections::VecDeque;

#[derive(Default)]
pub struct Places {
    /// Of the pieces that are not stored as a whole: the answer's bytes up to the end of each, and
    /// the position of that end.
    pieces: VecDeque<(u64, u64)>,
    said: u64,
    stored: u64,
}

impl Places {
    /// A piece was said that ends at the position `end`.
    pub fn say(&mut self, piece: &str, end: u64) {
        self.said += piece.len() as u64;
        self.pieces.push_back((self.said, end));
    }

    /// The position at which the next `text` of what was said ends.
    pub fn store(&mut self, text: &str) -> u64 {
        self.stored += text.len() as u64;
        while self.pieces.front().is_some_and(|(said, _)| *said < self.stored) {
            self.pieces.pop_front();
        }
        self.pieces.front().map_or(0, |(said, end)| end.saturating_sub(said - self.stored))
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn what_came_between_two_pieces_keeps_its_place() {
        let mut places = Places::default();
        places.say("abc", 13);
        // 14 is a message.
        places.say("defgh", 19);
        assert_eq!(places.store("abc"), 13);
        assert_eq!(places.store("de"), 16);
        // 20 is another.
        assert_eq!(places.store("fgh"), 19);
    }
}
