//! From a schedule to its slots.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{Fire, Rule, Schedule};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// Wall-clock times that are looked at for one slot; only those of one repeated hour lead nowhere.
const TRIES_MAX: usize = 10_000;
/// Spells of one offset that are looked through for one slot of a steady schedule.
const SPELLS_MAX: usize = 64;
/// A window that is looked back through is first this long, then twice as long, and so on.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(1);

impl Schedule {
    /// The first slot after `after`; none: there is no more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Once(local) => Some(instant(&self.zone, *local)).filter(|at| after < *at),
            Rule::At(at) => Some(*at).filter(|at| after < *at),
            Rule::Every { span, anchor } => next_of_interval(*anchor, *span, after),
            Rule::Cron { steady: true, .. } => self.next_steady(after),
            Rule::Cron { steady: false, .. } => self.next_by_the_clock(after),
        }
    }

    /// Slots after `after`, up to and with `until`; at most `limit`.
    pub fn between(&self, after: Timestamp, until: Timestamp, limit: usize) -> Vec<Timestamp> {
        let next = |at: &Timestamp| self.next_after(*at);
        let slots = std::iter::successors(self.next_after(after), next);
        slots.take_while(|slot| *slot <= until).take(limit).collect()
    }

    /// The last `limit` slots of those between, and whether there are earlier ones.
    pub fn last_between(
        &self,
        after: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> (Vec<Timestamp>, bool) {
        let mut window = LOOK_BACK;
        loop {
            let from = until.checked_sub(window).unwrap_or(after).max(after);
            let mut slots = self.between(from, until, usize::MAX);
            if from == after || limit < slots.len() {
                let more = slots.len().saturating_sub(limit);
                return (slots.split_off(more), 0 < more);
            }
            window = window.saturating_mul(2);
        }
    }

    /// The next slots, with what the clocks do to them.
    pub fn fires(&self, after: Timestamp, limit: usize) -> Vec<Fire> {
        let next = |at: &Timestamp| self.next_after(*at);
        let slots = std::iter::successors(self.next_after(after), next).take(limit);
        slots
            .map(|slot| Fire { at: slot.to_zoned(self.zone.clone()), note: self.note(slot) })
            .collect()
    }

    /// A wall-clock time is one instant: the first of two, the end of the gap for none. Instants
    /// never go back as the wall-clock times go on, so the search may start from the clock's face.
    fn next_by_the_clock(&self, after: Timestamp) -> Option<Timestamp> {
        let mut local = self.zone.to_datetime(after);
        for _ in 0..TRIES_MAX {
            local = self.next_local(local, false)?;
            let at = instant(&self.zone, local);
            if after < at {
                return Some(at);
            }
        }
        None
    }

    /// Each spell of one offset by itself, so that hours that look the same both count.
    fn next_steady(&self, after: Timestamp) -> Option<Timestamp> {
        let (mut from, mut inclusive) = (after, false);
        for _ in 0..SPELLS_MAX {
            let offset = self.zone.to_offset(from);
            let local = self.next_local(offset.to_datetime(from), inclusive)?;
            let at = offset.to_timestamp(local).ok()?;
            let change = self.zone.following(from).next().map(|change| change.timestamp());
            match change {
                Some(change) if change <= at => (from, inclusive) = (change, true),
                _ => return Some(at),
            }
        }
        None
    }

    fn next_local(&self, from: DateTime, inclusive: bool) -> Option<DateTime> {
        let Rule::Cron { cron, .. } = &self.rule else { return None };
        cron.find_next_occurrence(&from, inclusive).ok()
    }

    /// What the clocks do to a slot; silent where they do nothing: on an instant or a steady schedule.
    fn note(&self, slot: Timestamp) -> Option<String> {
        if matches!(self.rule, Rule::At(_) | Rule::Every { .. } | Rule::Cron { steady: true, .. }) {
            return None;
        }
        let local = self.zone.to_datetime(slot);
        if let AmbiguousOffset::Fold { .. } = self.zone.to_ambiguous_timestamp(local).offset() {
            let time = local.strftime("%H:%M");
            return Some(format!("{time} comes twice that day; the first time counts"));
        }
        let before = self.zone.preceding(slot.checked_add(SECOND).ok()?).next()?;
        if before.timestamp() != slot || self.is_at(local) {
            return None;
        }
        let meant = match &self.rule {
            Rule::Once(meant) => *meant,
            _ => {
                let before = self.zone.to_datetime(slot.checked_sub(SECOND).ok()?);
                self.next_local(before, false)?
            }
        };
        Some(format!("{} does not exist that day: the clocks go forward", meant.strftime("%H:%M")))
    }

    /// Whether the schedule names this wall-clock time itself.
    fn is_at(&self, local: DateTime) -> bool {
        match &self.rule {
            Rule::Once(meant) => *meant == local,
            Rule::Cron { cron, .. } => cron.is_time_matching(&local).unwrap_or(false),
            Rule::At(_) | Rule::Every { .. } => true,
        }
    }
}

fn next_of_interval(
    anchor: Timestamp,
    span: SignedDuration,
    after: Timestamp,
) -> Option<Timestamp> {
    if after < anchor {
        return Some(anchor);
    }
    let done = after.duration_since(anchor).as_millis() / span.as_millis();
    let millis = i64::try_from((done + 1).checked_mul(span.as_millis())?).ok()?;
    anchor.checked_add(SignedDuration::from_millis(millis)).ok()
}

/// The first of two, the end of the gap for none.
pub fn instant(zone: &TimeZone, local: DateTime) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let (offset, in_gap) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, false),
        AmbiguousOffset::Fold { before, .. } => (before, false),
        AmbiguousOffset::Gap { before, .. } => (before, true),
    };
    let at = offset.to_timestamp(local).unwrap_or(Timestamp::MAX);
    if !in_gap {
        return at;
    }
    let change = zone.preceding(at.saturating_add(SECOND).unwrap_or(at)).next();
    change.map_or(at, |change| change.timestamp())
}
