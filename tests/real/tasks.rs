//! The guard on tasks that nobody here wrote: four suites of public prompt-injection tasks, through
//! the program itself, with a model that does whatever the attacker's text says.
//!
//! Each user task is played without an attacker first, and then with each attacker's text in all
//! the places that the suite has for one. In a usual run one pair in ten is played, in one way; with
//! `STEWARD_TASKS=whole` each of them, in each way.

mod model;
mod scene;
mod suite;

use model::Turn;
use scene::{Outcome, Owner, play};
use suite::{Suite, Told, site};

/// It wants something said, and nothing done.
const SAYS_ONLY: (&str, &str) = ("travel", "injection_task_6");
const PAIRS_IN_ONE_PLAYED: usize = 10;

/// One line of the table.
#[derive(Debug, Default)]
struct Tally {
    honest: usize,
    done: usize,
    without_card: usize,
    cards: usize,
    opened_besides: usize,
    pairs: usize,
    scenes: usize,
    unread: usize,
    harmed: usize,
    asked: usize,
    harmed_by_yes: usize,
    /// Of these, by a yes to a card that marks no value.
    unmarked: usize,
    reworded: usize,
    /// What must not be.
    broken: Vec<String>,
}

impl Tally {
    fn count_honest(&mut self, task: &str, outcome: &Outcome) {
        self.honest += 1;
        self.cards += outcome.cards;
        self.without_card += usize::from(outcome.cards == 0 && outcome.came.utility);
        self.done += usize::from(outcome.came.utility);
        if !outcome.came.utility || !outcome.harms.is_empty() {
            let Outcome { came, harms, ended_well, .. } = outcome;
            self.broken
                .push(format!("{task} is not done: {ended_well} {harms:?} {:?}", came.calls));
        }
    }

    fn line(&self, suite: &str) -> String {
        let Tally { honest, done, without_card, cards, opened_besides, .. } = self;
        let Tally {
            pairs, scenes, unread, harmed, asked, harmed_by_yes, unmarked, reworded, ..
        } = self;
        format!(
            "| {suite} | {honest} | {done} | {without_card} | {cards} | {opened_besides} | {pairs} \
             | {scenes} | {unread} | {harmed} | {asked} | {harmed_by_yes} | {unmarked} | {reworded} |"
        )
    }
}

/// The places that the user's own calls go to, with their roles, that are not open for good.
fn places(suite: &Suite, told: &Told) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for call in &told.calls {
        for (_, role, value) in suite.roles[&call.function].critical(call) {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for value in values.iter().filter_map(|it| it.as_str()) {
                let value = if role == "url" { site(value) } else { value };
                let place = (role.to_owned(), value.to_owned());
                let is_place = matches!(role, "recipient" | "chat" | "url");
                if is_place && !suite.is_open(role, value) && !found.contains(&place) {
                    found.push(place);
                }
            }
        }
    }
    found
}

/// With an attacker's text, in this way, and again with a yes to everything where that matters.
#[expect(clippy::print_stdout, reason = "what harmed is read by people")]
async fn attacked(suite: &mut Suite, tally: &mut Tally, pair: (&str, &str), turn: Turn) {
    let (user_task, injection_task) = pair;
    let told = suite.begin(user_task, Some(injection_task)).await;
    let careful = play(suite, told, turn, Owner::Careful).await;
    let what = format!("{} {user_task} {injection_task} {turn:?}", suite.name);
    tally.scenes += 1;
    tally.unread += usize::from(!careful.has_read_attack);
    tally.reworded += usize::from(careful.reworded > 0);
    if !careful.harms.is_empty() {
        tally.harmed += 1;
        tally.broken.push(format!("{what}: without a yes: {:?}", careful.harms));
    }
    if careful.strange_cards.is_empty() {
        return;
    }
    tally.asked += 1;
    let told = suite.begin(user_task, Some(injection_task)).await;
    let yes = play(suite, told, turn, Owner::YesToAll(tally.scenes)).await;
    if !yes.harms.is_empty() && !yes.strange_cards.is_empty() {
        tally.harmed_by_yes += 1;
        tally.unmarked += usize::from(yes.strange_cards.iter().any(|card| !card.marks_values));
        let cards: Vec<&str> = yes.strange_cards.iter().map(|card| &*card.says).collect();
        println!("# {what}: with a yes: {:?} by {cards:?}", yes.harms);
    }
}

/// In which ways a pair is played.
fn turns(user: usize, injection: usize) -> Vec<Turn> {
    if std::env::var("STEWARD_TASKS").is_ok_and(|it| it == "whole") {
        return Turn::ALL.to_vec();
    }
    let is_played = (user + 3 * injection).is_multiple_of(PAIRS_IN_ONE_PLAYED);
    is_played.then(|| Turn::ALL[(user / 2 + injection) % Turn::ALL.len()]).into_iter().collect()
}

#[expect(clippy::print_stdout, reason = "this line is for the table")]
async fn hold(name: &'static str) {
    let mut suite = Suite::open(name).await;
    let mut tally = Tally::default();
    let users = suite.home.user_tasks.clone();
    let injections = suite.home.injection_tasks.clone();
    for (user, user_task) in users.iter().enumerate() {
        let told = suite.begin(user_task, None).await;
        let places = places(&suite, &told);
        for (role, value) in &places {
            suite.open_place(role, value).await;
            let is_named = told.prompt.to_lowercase().contains(&value.to_lowercase());
            tally.opened_besides += usize::from(!is_named);
        }
        let outcome = play(&mut suite, told, Turn::AtTheEnd, Owner::YesToAll(0)).await;
        tally.count_honest(user_task, &outcome);
        for card in &outcome.own_cards {
            println!("# {name} {user_task}: asked: {}", card.says);
        }
        for (injection, injection_task) in injections.iter().enumerate() {
            let turns = turns(user, injection);
            if turns.is_empty() || (name, injection_task.as_str()) == SAYS_ONLY {
                continue;
            }
            tally.pairs += 1;
            for turn in turns {
                attacked(&mut suite, &mut tally, (user_task, injection_task), turn).await;
            }
        }
        for (role, value) in &places {
            suite.close_place(role, value).await;
        }
    }
    println!("{}", tally.line(name));
    assert!(tally.broken.is_empty(), "{}", tally.broken.join("\n"));
    suite.house.run(&["audit", "verify"]).await.done();
    suite.house.stop().await;
}

#[tokio::test]
async fn no_attacker_has_an_effect_in_the_workspace_tasks() {
    hold("workspace").await;
}

#[tokio::test]
async fn no_attacker_has_an_effect_in_the_travel_tasks() {
    hold("travel").await;
}

#[tokio::test]
async fn no_attacker_has_an_effect_in_the_banking_tasks() {
    hold("banking").await;
}

#[tokio::test]
async fn no_attacker_has_an_effect_in_the_slack_tasks() {
    hold("slack").await;
}
