//! How long somebody who was wrong has to wait. The wait grows, has an end, and is forgotten after a
//! day without a failure, so nobody can be locked out for good from afar.

use jiff::{SignedDuration, Timestamp};

use crate::db::Tx;
use crate::error::Result;
use crate::features::access::store::lockouts;

/// Failures are forgotten after this long without another.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone, PartialEq)]
pub struct Lockout {
    /// `account:ada`, `device:…`, `address:192.0.2.7` or `setup`.
    pub subject: String,
    pub failures: u32,
    pub failed_at: Timestamp,
    pub locked_until: Option<Timestamp>,
}

/// When a subject has to wait, and how long.
#[derive(Clone, Copy)]
pub struct Policy {
    free_tries: u32,
    first_wait_s: i64,
    longest_wait_s: i64,
}

impl Policy {
    pub const ACCOUNT: Policy = Policy { free_tries: 5, first_wait_s: 30, longest_wait_s: 900 };
    /// Several people may share an address.
    pub const ADDRESS: Policy = Policy { free_tries: 20, first_wait_s: 30, longest_wait_s: 900 };
    /// A minute each time; setting up must stay possible.
    pub const SETUP: Policy = Policy { free_tries: 5, first_wait_s: 60, longest_wait_s: 60 };

    /// The wait after this many failures: twice as long each time past the free ones.
    fn wait(self, failures: u32) -> Option<SignedDuration> {
        let over = failures.checked_sub(self.free_tries)?;
        let doubled = self.first_wait_s.saturating_mul(1_i64.checked_shl(over).unwrap_or(i64::MAX));
        Some(SignedDuration::from_secs(doubled.clamp(1, self.longest_wait_s)))
    }
}

impl Lockout {
    /// Whether it says anything of `now`. A failure of long ago does not, and neither does one that a
    /// clock which ran ahead put as far away.
    fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.failed_at).abs() < FORGOTTEN_AFTER
    }
}

/// A try that was counted and can be taken back once it turns out to be right.
pub struct Counted(Vec<(String, Option<Lockout>)>);

/// Counts a try against all subjects, or against none while one of them waits: then, the seconds.
pub fn count(
    tx: &Tx<'_>,
    subjects: &[(String, Policy)],
    now: Timestamp,
) -> Result<std::result::Result<Counted, u64>> {
    let mut before = Vec::new();
    for (subject, policy) in subjects {
        let found = lockouts::find(tx, subject)?;
        if let Some(waits) = &found
            && let Some(until) = still_locked(tx, waits, *policy, now)?
        {
            let left = until.duration_since(now).as_secs().unsigned_abs();
            return Ok(Err(left.max(1)));
        }
        before.push((subject.clone(), found.filter(|it| it.is_recent(now))));
    }
    for ((subject, policy), (_, found)) in subjects.iter().zip(&before) {
        let failures = found.as_ref().map_or(0, |it| it.failures).saturating_add(1);
        let locked_until = policy.wait(failures).map(|wait| now + wait);
        let subject = subject.clone();
        lockouts::put(tx, &Lockout { subject, failures, failed_at: now, locked_until })?;
    }
    Ok(Ok(Counted(before)))
}

/// Until when it waits. A wait that a clock which ran ahead began is as if it began now, once the
/// clock is put right; that is stored, so that asking again does not prolong it.
fn still_locked(
    tx: &Tx<'_>,
    it: &Lockout,
    policy: Policy,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let Some(until) = it.locked_until.filter(|until| now < *until) else { return Ok(None) };
    let latest = now + SignedDuration::from_secs(policy.longest_wait_s);
    if latest < until {
        lockouts::put(tx, &Lockout { locked_until: Some(latest), ..it.clone() })?;
    }
    Ok(Some(until.min(latest)))
}

/// "45 seconds", "15 minutes".
pub fn words(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

impl Counted {
    /// The try was right: the account starts anew, and the address is as it was before.
    pub fn undo(self, tx: &Tx<'_>) -> Result<()> {
        for (subject, before) in self.0 {
            match before {
                Some(before) if subject.starts_with("address:") => lockouts::put(tx, &before)?,
                _ => {
                    lockouts::delete(tx, &subject)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn waits_grow_and_end() {
        let waits = |policy: Policy| -> Vec<i64> {
            (1..=12)
                .map(|failures| policy.wait(failures).map_or(0, |wait| wait.as_secs()))
                .collect()
        };
        assert_eq!(waits(Policy::ACCOUNT), [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(waits(Policy::SETUP), [0, 0, 0, 0, 60, 60, 60, 60, 60, 60, 60, 60]);
        assert_eq!(Policy::ACCOUNT.wait(u32::MAX).unwrap().as_secs(), 900);
    }
}
