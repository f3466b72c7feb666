//! A delay by chance that is the same whenever it is asked for.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

/// How long `slot` of the thing called `key` waits: whole seconds, at most `most`. Nothing is
/// stored, and a restart changes nothing.
pub fn jitter(key: &str, slot: Timestamp, most: SignedDuration) -> SignedDuration {
    let Ok(seconds) = u64::try_from(most.as_secs()) else { return SignedDuration::ZERO };
    let mut hash = Sha256::new();
    hash.update(key.as_bytes());
    hash.update(slot.as_millisecond().to_be_bytes());
    let digest = hash.finalize();
    let drawn = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    SignedDuration::from_secs(i64::try_from(drawn % (seconds + 1)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_slot_always_waits_as_long_and_slots_differ() {
        let most = SignedDuration::from_secs(60);
        let slot = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
        let waits: Vec<_> = (0..500).map(|hour| jitter("a", slot(hour), most)).collect();
        let again: Vec<_> = (0..500).map(|hour| jitter("a", slot(hour), most)).collect();
        let other: Vec<_> = (0..500).map(|hour| jitter("b", slot(hour), most)).collect();
        assert_eq!(waits, again);
        assert_ne!(waits, other);
        assert!(waits.iter().all(|wait| *wait <= most && !wait.is_negative()));
        let distinct = waits.iter().collect::<HashSet<_>>().len();
        assert!(distinct > 50, "{distinct} of 61 are drawn");
        assert_eq!(jitter("a", slot(1), SignedDuration::ZERO), SignedDuration::ZERO);
    }
}
