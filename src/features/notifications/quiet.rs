//! Quiet hours: when a person is told in the pages alone, and rung for what was kept when they end.

use jiff::civil::Time;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use super::job;
use super::store::{deliveries, quiet};
use crate::app::App;
use crate::audit;
use crate::error::{Error, Result};
use crate::web::caller::Caller;
use crate::web::scope::Scope;

const MINUTES_AN_HOUR: u16 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes of the day, by the clock on the owner's wall.
    pub from: u16,
    pub to: u16,
    /// What waits for a yes rings all the same.
    pub approvals: bool,
}

impl QuietHours {
    pub fn parse(from: &str, to: &str, approvals: bool) -> Result<QuietHours> {
        let (from, to) = (minute("from", from)?, minute("to", to)?);
        if from == to {
            let message = "Quiet hours that end when they begin are none. Give another time.";
            return Err(Error::invalid("to", message));
        }
        Ok(QuietHours { from, to, approvals })
    }

    /// The end of the quiet hours that it is in.
    pub fn until(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = now.to_zoned(zone.clone());
        let minute = minute_of(local.time());
        let past = self.from <= minute;
        let before = minute < self.to;
        let quiet = if self.from < self.to { past && before } else { past || before };
        let today = local.date();
        let day = if before { today } else { today.checked_add(1.day()).ok()? };
        quiet.then(|| first_after(now, day.to_datetime(time(self.to)), zone)).flatten()
    }

    pub fn words(minute: u16) -> String {
        time(minute).strftime("%H:%M").to_string()
    }
}

/// When the wall's clock first shows this time, or has jumped over it.
fn first_after(now: Timestamp, wall: jiff::civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let shown = zone.to_ambiguous_timestamp(wall);
    match shown.offset() {
        AmbiguousOffset::Unambiguous { .. } => shown.compatible().ok(),
        AmbiguousOffset::Fold { .. } => {
            shown.earlier().ok().filter(|at| now < *at).or(shown.later().ok())
        }
        AmbiguousOffset::Gap { .. } => {
            let jump = zone.following(shown.earlier().ok()?).next();
            jump.map(|jump| jump.timestamp())
        }
    }
}

fn minute_of(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * MINUTES_AN_HOUR
        + u16::from(time.minute().unsigned_abs())
}

fn time(minute: u16) -> Time {
    let part = |value: u16| i8::try_from(value).unwrap_or_default();
    jiff::civil::time(part(minute / MINUTES_AN_HOUR), part(minute % MINUTES_AN_HOUR), 0, 0)
}

/// "22:00", as a browser's field for times sends it.
fn minute(field: &'static str, typed: &str) -> Result<u16> {
    let read = typed.trim().split_once(':').and_then(|(hour, minute)| {
        let digits = |text: &str, most: u16| {
            let plain = (1..=2).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
            text.parse::<u16>().ok().filter(|value| plain && *value < most)
        };
        Some(digits(hour, 24)? * MINUTES_AN_HOUR + digits(minute, 60)?)
    });
    read.ok_or_else(|| Error::invalid(field, "Write a time of the day, like 22:00."))
}

pub async fn find(app: &App, caller: &Caller) -> Result<Option<QuietHours>> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    app.db.read(move |r| quiet::find(r, user)).await
}

/// None: no quiet hours any more. What was kept is looked at anew.
pub async fn set(app: &App, caller: &Caller, hours: Option<QuietHours>) -> Result<()> {
    caller.require(Scope::Write)?;
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db
        .write(move |tx| {
            let said = match hours {
                Some(it) => {
                    quiet::save(tx, user, &it)?;
                    format!("{} to {}", QuietHours::words(it.from), QuietHours::words(it.to))
                }
                None => {
                    quiet::delete(tx, user)?;
                    "none".to_owned()
                }
            };
            deliveries::release(tx, user, by.at)?;
            tx.wake(job::DELIVER);
            audit::record(tx, audit::Entry::new(&by, "notifications.quiet_hours", said))?;
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(from: &str, to: &str, now: &str) -> String {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let hours = QuietHours::parse(from, to, true).unwrap();
        let end = hours.until(now.parse().unwrap(), &zone);
        end.map_or("loud".to_owned(), |end| end.to_string())
    }

    #[test]
    fn they_may_go_over_midnight() {
        let night = |now| until("22:00", "07:00", now);
        assert_eq!(night("2026-11-23T20:59:59Z"), "loud");
        assert_eq!(night("2026-11-23T21:00:00Z"), "2026-11-24T06:00:00Z");
        assert_eq!(night("2026-11-24T05:59:59Z"), "2026-11-24T06:00:00Z");
        assert_eq!(night("2026-11-24T06:00:00Z"), "loud");
        assert_eq!(until("13:00", "15:00", "2026-11-23T12:30:00Z"), "2026-11-23T14:00:00Z");
        assert_eq!(until("13:00", "15:00", "2026-11-23T14:00:00Z"), "loud");
    }

    #[test]
    fn they_follow_the_wall_when_clocks_are_changed() {
        let night = |now| until("22:00", "07:00", now);
        assert_eq!(night("2026-03-28T21:30:00Z"), "2026-03-29T05:00:00Z");
        assert_eq!(night("2026-10-24T20:30:00Z"), "2026-10-25T06:00:00Z");
        // 02:30 is jumped over: they end when the clock says 03:00.
        assert_eq!(until("22:00", "02:30", "2026-03-28T23:00:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(until("22:00", "02:30", "2026-03-29T01:00:00Z"), "loud");
        // 02:30 comes twice, and so does the half hour before it.
        assert_eq!(until("22:00", "02:30", "2026-10-24T23:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(until("22:00", "02:30", "2026-10-25T00:45:00Z"), "loud");
        assert_eq!(until("22:00", "02:30", "2026-10-25T01:10:00Z"), "2026-10-25T01:30:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in ["", "7", "24:00", "12:60", "+1:00", "1:2:3", "noon", "012:00"] {
            assert!(QuietHours::parse(bad, "07:00", true).is_err(), "{bad}");
        }
        assert!(QuietHours::parse("07:00", "7:00", true).is_err());
    }
}
