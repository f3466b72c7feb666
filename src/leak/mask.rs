//! Hides secrets in a text that comes piece by piece: what may be the beginning of one is held back
//! until it is seen whether it is.

use std::sync::Arc;

use super::Watch;

/// A text on its way to whoever reads it.
pub struct Mask {
    watch: Arc<Watch>,
    held: String,
}

impl Mask {
    pub fn new(watch: Arc<Watch>) -> Mask {
        Mask { watch, held: String::new() }
    }

    /// Takes the next piece; gives what may be shown by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let mut shown = String::new();
        while let Some((name, span)) = self.watch.next_span(&self.held) {
            if self.begun() <= span.start {
                break;
            }
            shown.push_str(&self.held[..span.start]);
            shown.push_str(&self.watch.hidden(name));
            self.held.drain(..span.end);
        }
        let whole: String = self.held.drain(..self.begun()).collect();
        shown + &self.watch.shown(&whole)
    }

    /// Where that begins which may become a secret yet.
    fn begun(&self) -> usize {
        self.held.len() - self.watch.unfinished(&self.held)
    }

    /// What was held back when the text ends.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        self.watch.shown(&rest)
    }
}
