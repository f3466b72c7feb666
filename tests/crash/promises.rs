//! What has to be true in the end, whatever happened: each broken promise is a sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diary::{Card, Diary, Fate, Said};
use crate::lives::rows_of;
use crate::peers;
use crate::rows::{Call, Rows, Turn};
use crate::webhook;
use crate::world::{Task, World};

/// What a call says that met a tool server which was not there yet: nothing was done.
const NOT_CONNECTED: &str = "not connected";
/// What a message may be refused with, where the machine is at fault.
const REFUSALS: [&str; 2] =
    ["The disk is full, so nothing was changed.", "Something went wrong in here."];
/// A slot that came so shortly before the end may still be at work.
const JUST_NOW_MS: i64 = 2_000;

/// Closes the house and looks at all that is left.
pub async fn check(world: &mut World, diary: &Diary) -> Tally {
    let now = world.time.now().as_millisecond() - JUST_NOW_MS;
    let verified = world.house.run(&["audit", "verify"]).await;
    if verified.code != Some(0) {
        diary.broken(format!("the audit does not verify: {}{}", verified.out, verified.err));
    }
    world.house.stop().await;
    if world.house.log().contains("panicked") {
        diary.broken("something panicked; the log has the place".to_owned());
    }
    let rows = rows_of(world);
    let integrity = rows.integrity();
    if integrity != "ok" {
        diary.broken(format!("the file is damaged: {integrity}"));
    }
    messages(&rows, diary);
    let calls = rows.calls();
    each_call_ended_once(&rows, &calls, diary);
    sends(&calls, &world.tools.calls(), diary);
    cards(&calls, diary);
    notes(&rows, &calls, diary);
    webhook::check(&world.hook, &rows, diary);
    for task in &world.tasks {
        slots(&rows, task, now, diary);
    }
    Tally::of(world, &rows, &calls, diary)
}

/// No accepted message is lost, and none is answered twice.
fn messages(rows: &Rows, diary: &Diary) {
    let mut turns: BTreeMap<String, Vec<Turn>> = BTreeMap::new();
    for turn in rows.turns() {
        turns.entry(turn.words.clone()).or_default().push(turn);
    }
    for said in diary.all_said() {
        let words = peers::words(&said.tokens);
        let found = turns.remove(&words).unwrap_or_default();
        if let Fate::Refused(why) = &said.fate
            && !REFUSALS.iter().any(|sentence| why.contains(sentence))
        {
            diary.broken(format!("{words} was refused without a reason: {why}"));
        }
        match (&said.fate, found.as_slice()) {
            (Fate::Unknown | Fate::Refused(_), []) => {}
            (Fate::Accepted | Fate::Unknown, [turn]) => ended(&said, turn, diary),
            // SQLite can't always tell a failed commit from one whose last sync failed.
            (Fate::Refused(_), [turn]) if diary.lenient => ended(&said, turn, diary),
            (fate, found) => diary.broken(format!("{words} {fate:?} is there {}×", found.len())),
        }
    }
    turns.keys().for_each(|words| diary.broken(format!("nobody said {words}")));
}

fn ended(said: &Said, turn: &Turn, diary: &Diary) {
    let [(_, state)] = turn.runs.as_slice() else {
        return diary.broken(format!("{} has {} runs", turn.words, turn.runs.len()));
    };
    let parked = said.tokens.iter().any(|token| peers::verb(token) == "let");
    let last_words = peers::last_words(&said.tokens);
    let said_last = turn.answers.iter().filter(|text| **text == last_words).count();
    let expected = if parked { ("waiting", 0) } else { ("completed", 1) };
    let failed = diary.lenient && turn.why.is_some() && said_last == 0;
    if !failed && ((state.as_str(), said_last) != expected || 2 < turn.answers.len()) {
        diary.broken(format!("{} is {state}, with {:?}", turn.words, turn.answers));
    }
}

fn each_call_ended_once(rows: &Rows, calls: &[Call], diary: &Diary) {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in calls {
        // Each of a task's runs makes its one call.
        let run = if peers::is_of_task(&call.text) { &*call.run } else { "" };
        *seen.entry((&call.text, run)).or_default() += 1;
        let (ends, waits) = (rows.audited(&call.id), call.state == "waiting");
        let open = matches!(call.state.as_str(), "proposed" | "approved" | "executing");
        if diary.lenient && call.run_failed && ends == usize::from(!open && !waits) {
            continue;
        }
        if open || ends != usize::from(!waits) {
            diary.broken(format!("{call:?} has {ends} lines in the audit"));
        }
    }
    for ((text, run), count) in seen.into_iter().filter(|(_, count)| 1 < *count) {
        diary.broken(format!("{text} was called {count} times {run}"));
    }
}

/// No send twice, none that is not told of, none that is told of and was not made.
fn sends(calls: &[Call], made: &BTreeMap<String, usize>, diary: &Diary) {
    let of_tasks = calls.iter().filter(|call| peers::is_of_task(&call.text));
    for text in of_tasks.map(|call| &call.text).collect::<BTreeSet<_>>() {
        sends_of_task(text, calls, made.get(text).copied().unwrap_or_default(), diary);
    }
    for (text, count) in made.iter().filter(|(text, _)| !peers::is_of_task(text)) {
        let told = calls.iter().find(|call| call.text == *text).map(|call| call.state.as_str());
        if *count != 1 || !matches!(told, Some("done" | "unknown")) {
            diary.broken(format!("{text} was sent {count}×, and is told as {told:?}"));
        }
    }
    for call in calls.iter().filter(|call| matches!(call.tool.as_str(), peers::SEND | peers::POST))
    {
        // Which of a task's runs sent it, the text does not say.
        let of_task = peers::is_of_task(&call.text);
        let sent = made.contains_key(&call.text) && (!of_task || call.state == "done");
        let honest = match call.state.as_str() {
            "done" => sent,
            "unknown" => call.result.contains("not known whether it was done"),
            "failed" => !sent && (diary.lenient || call.result.contains(NOT_CONNECTED)),
            "denied" | "waiting" => !sent && call.tool == peers::POST,
            "proposed" | "approved" => !sent && diary.lenient,
            _ => false,
        };
        if !honest {
            diary.broken(format!("{call:?} was sent: {sent}"));
        }
    }
}

/// As often as its calls say, where what is not known may have been done or not.
fn sends_of_task(text: &str, calls: &[Call], made: usize, diary: &Diary) {
    let of_it =
        |state: &str| calls.iter().filter(|it| it.text == text && it.state == state).count();
    let (done, unknown) = (of_it("done"), of_it("unknown"));
    if !(done..=done + unknown).contains(&made) {
        diary.broken(format!("{text} was sent {made}×: {done} are done, {unknown} unknown"));
    }
}

/// What was approved is done once, what was not is not done, what nobody answered waits.
fn cards(calls: &[Call], diary: &Diary) {
    let cards: BTreeMap<String, Card> =
        diary.all_cards().into_iter().map(|card| (peers::sealed(&card.token), card)).collect();
    for call in calls.iter().filter(|call| call.tool == peers::POST) {
        let card = cards.get(&call.text);
        let verb = card.map(|card| peers::verb(&card.token)).unwrap_or_default();
        let kept = match (verb, call.state.as_str()) {
            ("yes", "done" | "unknown" | "failed") => true,
            ("no", "denied") => call.result == "The owner said no.",
            ("let", "waiting") => true,
            _ => diary.lenient && call.run_failed,
        };
        if !kept {
            diary.broken(format!("{card:?} became {call:?}"));
        }
    }
}

/// A note is there once for each call that says so.
fn notes(rows: &Rows, calls: &[Call], diary: &Diary) {
    let mut notes: BTreeMap<String, usize> = BTreeMap::new();
    rows.notes().into_iter().for_each(|text| *notes.entry(text).or_default() += 1);
    for call in calls.iter().filter(|call| call.tool == "notes_add") {
        let count = notes.remove(&call.text).unwrap_or_default();
        let done = call.state == "done";
        if count != usize::from(done) || !(done || diary.lenient) {
            diary.broken(format!("{call:?} is not the one note"));
        }
    }
    notes.keys().for_each(|text| diary.broken(format!("nobody noted {text}")));
}

/// Every slot has its one row, up to now.
fn slots(rows: &Rows, task: &Task, now: i64, diary: &Diary) {
    let every = i64::try_from(task.every.as_millis()).unwrap();
    let first = task.first.as_millisecond();
    let next_after = |at: i64| first + ((at - first).div_euclid(every) + 1) * every;
    let slots = rows.slots(&task.id);
    // A clock that went back behind its making finds the task there already.
    let mut due = slots.first().map_or(first, |slot| slot.at.min(first));
    for slot in slots {
        // Where the clock went ahead and came back, what lies ahead again need not be whole.
        if slot.at != due && slot.at <= now {
            diary.broken(format!("of task {}, {} has a row and {due} should", task.id, slot.at));
        }
        due = next_after(slot.until);
        if now < slot.at {
            break;
        }
        let run = slot.run_state.as_deref();
        let whole = match slot.state.as_str() {
            "done" => run == Some("completed"),
            "failed" => run == Some("failed") && diary.lenient,
            "skipped" => run.is_none(),
            "cancelled" => run.is_none_or(|run| run == "cancelled"),
            _ => false,
        };
        if !whole {
            diary.broken(format!("the slot {} is {}, its run {run:?}", slot.at, slot.state));
        }
    }
    let paused = diary.lenient && rows.is_paused(&task.id);
    if due < now && !paused {
        diary.broken(format!("task {} has no row for {due}, and it is {now}", task.id));
    }
}

/// How much there was to get wrong.
#[derive(Default)]
pub struct Tally {
    pub said: usize,
    pub accepted: usize,
    pub calls: BTreeMap<String, usize>,
    pub cards: usize,
    pub delivered: usize,
    pub let_in: usize,
    pub slots: BTreeMap<String, usize>,
    pub broken: Vec<String>,
}

impl Tally {
    fn of(world: &World, rows: &Rows, calls: &[Call], diary: &Diary) -> Tally {
        let (said, delivered) = (diary.all_said(), diary.all_delivered());
        let mut tally = Tally {
            said: said.len(),
            accepted: said.iter().filter(|it| it.fate == Fate::Accepted).count(),
            cards: diary.all_cards().len(),
            delivered: delivered.len(),
            let_in: delivered.iter().filter(|(_, fate)| *fate == Fate::Accepted).count(),
            broken: diary.all_broken(),
            ..Tally::default()
        };
        for call in calls {
            *tally.calls.entry(format!("{} {}", call.tool, call.state)).or_default() += 1;
        }
        for slot in world.tasks.iter().flat_map(|task| rows.slots(&task.id)) {
            *tally.slots.entry(slot.state).or_default() += 1;
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { said, accepted, cards, calls, delivered, let_in, slots, broken } = self;
        write!(f, "{said} messages, {accepted} accepted, {cards} cards\n  calls: {calls:?}")?;
        write!(f, "\n  {delivered} deliveries, {let_in} accepted\n  slots: {slots:?}")?;
        broken.iter().try_for_each(|promise| write!(f, "\n  broken: {promise}"))
    }
}
