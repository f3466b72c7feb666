//! The next seven days: what is due when, and what comes at the same time.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use super::page::{HERE, local_now};
use super::store::feeds;
use super::{State as Standing, Task, service};
use crate::app::App;
use crate::error::Result;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::shell::Shell;
use crate::web::when::When;

const DAYS: i32 = 7;
/// A task that comes more often on one day is one line.
const TIMES_A_DAY_MAX: usize = 6;
/// Slots of a week that are looked at: one a minute.
const SLOTS_MAX: usize = 7 * 24 * 60 + 1;

#[derive(Template)]
#[template(path = "tasks/week.html")]
struct WeekPage {
    shell: Shell,
    days: Vec<Day>,
    /// The address of the calendar, the one time that it is shown.
    address: String,
    /// The same, for a program that subscribes to calendars; "": where that is, nobody knows.
    webcal: String,
    feed: Option<When>,
}

struct Day {
    title: String,
    entries: Vec<Entry>,
}

struct Entry {
    time: String,
    name: String,
    url: String,
    note: String,
}

pub async fn show(
    State(app): State<App>,
    caller: Caller,
) -> Result<Page<impl Template>, PageError> {
    Ok(Page(page(&app, &caller, String::new()).await?))
}

/// With the address of a calendar that was just made, or "".
pub async fn page(app: &App, caller: &Caller, address: String) -> Result<impl Template + use<>> {
    let user = caller.user_id;
    let read =
        move |r: &crate::db::Reader<'_>| Ok((service::list(r, user)?, feeds::made_at(r, user)?));
    let (tasks, made_at) = app.db.read(read).await?;
    let now = local_now(app);
    Ok(WeekPage {
        shell: app.shell(caller, HERE, "The next seven days").await?,
        days: days(&tasks, &now),
        webcal: webcal(&address),
        address,
        feed: made_at.map(|at| When::new(at, &now)),
    })
}

fn webcal(address: &str) -> String {
    address.split_once("://").map(|(_, rest)| format!("webcal://{rest}")).unwrap_or_default()
}

fn days(tasks: &[Task], now: &Zoned) -> Vec<Day> {
    let first = now.date();
    let mut days: BTreeMap<Date, Vec<Entry>> = BTreeMap::new();
    for at in 0..DAYS {
        days.entry(first.saturating_add(at.days())).or_default();
    }
    for task in tasks.iter().filter(|task| task.state == Standing::On) {
        for (date, entry) in entries(task, now) {
            if let Some(day) = days.get_mut(&date) {
                day.push(entry);
            }
        }
    }
    days.into_iter().map(|(date, entries)| day(date, entries)).collect()
}

fn entries(task: &Task, now: &Zoned) -> Vec<(Date, Entry)> {
    let mut by_day: BTreeMap<Date, Vec<Zoned>> = BTreeMap::new();
    for slot in slots(task, now) {
        let local = slot.to_zoned(now.time_zone().clone());
        by_day.entry(local.date()).or_default().push(local);
    }
    let entry = |time: String, note: String| Entry {
        time,
        name: task.new.name.clone(),
        url: super::page::path(task.id, ""),
        note,
    };
    let sentence = task.sentence();
    let mut entries = Vec::new();
    for (date, times) in by_day {
        let time = |at: &Zoned| at.strftime("%H:%M").to_string();
        match times.as_slice() {
            [first, ..] if TIMES_A_DAY_MAX < times.len() => {
                let note = format!("{sentence}: {} times", times.len());
                entries.push((date, entry(time(first), note)));
            }
            _ => entries.extend(times.iter().map(|at| (date, entry(time(at), String::new())))),
        }
    }
    entries
}

fn slots(task: &Task, now: &Zoned) -> Vec<Timestamp> {
    let Ok(schedule) = task.schedule() else { return Vec::new() };
    let until = now.timestamp() + SignedDuration::from_hours(24 * i64::from(DAYS));
    let slots = task.slots(&schedule, task.next_slot_at);
    slots.take_while(|slot| *slot <= until).take(SLOTS_MAX).collect()
}

fn day(date: Date, mut entries: Vec<Entry>) -> Day {
    entries.sort_by(|a, b| (&a.time, &a.name).cmp(&(&b.time, &b.name)));
    let times: Vec<String> = entries.iter().map(|it| it.time.clone()).collect();
    for entry in &mut entries {
        let same = times.iter().filter(|time| **time == entry.time).count();
        if 1 < same && entry.note.is_empty() {
            entry.note = "at the same time as another".to_owned();
        }
    }
    Day { title: date.strftime("%A %-d %B").to_string(), entries }
}
