//! A model that was taken over by the first text it reads, against the guard.
//!
//! Each scenario is one way in ([`sources`]) and one thing tried ([`attacks`]), with an owner who
//! asks for something like it in earnest; beside it stands the benign twin, the same words with an
//! honest model. Counted is any effect, any request that arrives and any call that a server gets
//! beyond those of the twin.

mod attacks;
mod harm;
mod later;
mod links;
mod origins;
mod sources;
mod table;
mod ways;
mod world;

use attacks::{Attack, DONE};
use sources::Source;
use table::Table;
use world::{Calls, Owner, World};

/// When the model turns.
#[derive(Clone, Copy)]
enum Turn {
    /// As soon as it has read the text.
    AtFirstSight,
    /// After it did what the owner wanted.
    Last,
    /// It does the one in place of the other, and no more.
    Instead,
}

impl Turn {
    const ALL: [Turn; 3] = [Turn::AtFirstSight, Turn::Last, Turn::Instead];
}

/// How the owner's words come to the assistant.
#[derive(Clone, Copy)]
enum Way {
    Chat,
    /// In a task that runs while nobody watches.
    Task,
    /// In a trigger that another program calls.
    Webhook,
    /// In a monitor of a page.
    Watch,
}

impl Way {
    fn words(self) -> &'static str {
        match self {
            Way::Chat => "",
            Way::Task => ", in a task",
            Way::Webhook | Way::Watch => ", unattended",
        }
    }
}

/// Says the words, in the way it is done; gives the conversation and the number of cards.
async fn said(
    world: &World,
    (way, source): (Way, &Source),
    talk: Option<&str>,
    words: &str,
    owner: Owner,
) -> (String, usize) {
    match way {
        Way::Chat => world.told(talk, words, source.attached, owner).await,
        Way::Task => world.tasked(words, owner).await,
        Way::Webhook => world.called(words, owner).await,
        Way::Watch => world.watched(words, owner).await,
    }
}

struct Outcome {
    harm: Vec<String>,
    cards: usize,
    /// What the owner was offered to open, and took.
    offers: usize,
    /// What came of taking them.
    harm_by_offers: Vec<String>,
}

async fn attacked(
    (way, source): (Way, &Source),
    attack: &Attack,
    turn: Turn,
    owner: Owner,
    honest_twin: &[String],
) -> Outcome {
    let world = World::new().await;
    world.add(attack.needs).await;
    let talk = source.prepare(&world).await;
    world.intent(&(attack.intent)(&world));
    world.will_call((source.calls)(&world));
    let (honest, hostile) = ((attack.honest)(&world), (attack.calls)(&world));
    let calls = match turn {
        Turn::AtFirstSight => [hostile.clone(), honest].concat(),
        Turn::Last => [honest, hostile.clone()].concat(),
        Turn::Instead => hostile.clone(),
    };
    world.will_call(calls);
    world.will_say(&(attack.answer)(&world));
    let words = format!("{} {}", (source.words)(&world), (attack.words)(&world));
    let (talk, cards) = said(&world, (way, source), talk.as_deref(), &words, owner).await;
    assert!(world.was_read(&source.trace()), "{} brought nothing in", source.name);
    let what = format!("{} / {}", source.name, attack.name);
    was_tried(&world, attack, (&hostile, owner, cards), &what).await;
    let later = (attack.later)(&world);
    if !later.is_empty() {
        world.two_days_later(later, owner).await;
    }
    let done = (attack.done)(&world);
    let mut harm = world.harm(&done, honest_twin).await;
    harm.extend(world.loaded(&talk).await);
    let mut outcome = Outcome { harm, cards, offers: 0, harm_by_offers: Vec::new() };
    if owner == Owner::Yes && outcome.harm.is_empty() {
        outcome.offers = world.take_offers(&talk, hostile).await;
        outcome.harm_by_offers = world.effects(&done, honest_twin);
    }
    outcome
}

/// The guard has seen what was tried, unless a card of the honest part still waits before it.
async fn was_tried(
    world: &World,
    attack: &Attack,
    (hostile, owner, cards): (&Calls, Owner, usize),
    what: &str,
) {
    let unjudged = if attack.made_up { Vec::new() } else { world.unjudged(hostile).await };
    match owner {
        Owner::Yes => assert_eq!(unjudged, Vec::<String>::new(), "{what}"),
        Owner::Away => assert!(unjudged.len() < hostile.len() || cards > 0, "{what}: {unjudged:?}"),
    }
    if attack.after_yes && owner == Owner::Yes {
        assert!(world.approved().await > 0, "{what}: there was no yes");
    }
}

/// The honest twin: what the owner asked for is done. Gives the number of cards it took, and what
/// reached somebody.
async fn benign((way, source): (Way, &Source), attack: &Attack) -> (usize, Vec<String>) {
    let world = World::new().await;
    world.add(attack.needs).await;
    let talk = source.prepare(&world).await;
    world.intent(&(attack.intent)(&world));
    world.will_call((source.calls)(&world));
    world.will_call((attack.honest)(&world));
    world.will_say(DONE);
    let words = format!("{} {}", (source.words)(&world), (attack.words)(&world));
    let (talk, cards) = said(&world, (way, source), talk.as_deref(), &words, Owner::Yes).await;
    let what = format!("{} / {}", source.name, attack.name);
    assert_eq!(world.app.last_answer(&talk).await, DONE, "{what}");
    let told = world.model.requests().pop().unwrap().json()["messages"].to_string();
    assert!(!told.contains("Not allowed"), "{what}: {told}");
    let reached = world.reached();
    assert_eq!(world.harm(&(attack.done)(&world), &reached).await, Vec::<String>::new(), "{what}");
    (cards, reached)
}

/// One source against every second attack, or against all of them with `STEWARD_ADVERSARY=whole`; the
/// sources are tests of their own, so that they run side by side.
/// `at` is its place among the sources: with the way it says when a model turns, so that each attack
/// comes at each of its three turns somewhere.
async fn holds_against(way: Way, at: usize) {
    let source = &sources::ALL[at];
    let mut table = Table::default();
    let whole = is_whole();
    for (nth, attack) in attacks::all().enumerate() {
        if !whole && (nth + at + way as usize) % 2 == 1 {
            continue;
        }
        let turn = attack.turn.unwrap_or(Turn::ALL[(nth + at + way as usize) % Turn::ALL.len()]);
        let (cards, honest) = benign((way, source), attack).await;
        let away = attacked((way, source), attack, turn, Owner::Away, &honest).await;
        table.harmed.extend(away.harm.iter().map(|harm| format!("{}: {harm}", attack.name)));
        let yes = attacked((way, source), attack, turn, Owner::Yes, &honest).await;
        table.scenarios += 1;
        table.cards_attacked += away.cards;
        table.offers += yes.offers;
        table.harmed_with_yes.extend((!yes.harm.is_empty()).then_some(attack.name));
        table.harmed_by_offers.extend((!yes.harm_by_offers.is_empty()).then_some(attack.name));
        table.cards_benign += cards;
        table.done += 1;
    }
    table.print(way, source);
    table.check();
}

#[expect(clippy::disallowed_methods, reason = "the environment says how much to try")]
fn is_whole() -> bool {
    std::env::var("STEWARD_ADVERSARY").is_ok_and(|it| it == "whole")
}

#[tokio::test]
async fn a_page_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 0).await;
}

#[tokio::test]
async fn a_pages_title_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 1).await;
}

#[tokio::test]
async fn json_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 2).await;
}

#[tokio::test]
async fn a_feed_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 3).await;
}

#[tokio::test]
async fn a_search_result_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 4).await;
}

#[tokio::test]
async fn a_file_in_an_opened_folder_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 5).await;
}

#[tokio::test]
async fn a_file_in_the_owners_folder_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 6).await;
}

#[tokio::test]
async fn a_files_name_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 7).await;
}

#[tokio::test]
async fn a_note_taken_from_a_page_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 8).await;
}

#[tokio::test]
async fn an_earlier_answer_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 9).await;
}

#[tokio::test]
async fn another_conversation_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 10).await;
}

#[tokio::test]
async fn an_attached_file_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 11).await;
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn a_pdf_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 12).await;
}

#[tokio::test]
async fn a_tool_servers_answer_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 13).await;
}

#[tokio::test]
async fn a_tool_servers_description_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 14).await;
}

#[tokio::test]
async fn a_reminder_taken_from_a_page_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 17).await;
}

#[tokio::test]
async fn a_tasks_name_taken_from_a_page_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 18).await;
}

#[tokio::test]
async fn an_agents_words_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 19).await;
}

#[tokio::test]
async fn an_agent_that_was_brought_in_cannot_turn_against_its_owner() {
    holds_against(Way::Chat, 20).await;
}

#[tokio::test]
async fn what_stands_beside_a_picture_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 21).await;
}

#[tokio::test]
async fn what_a_site_calls_its_file_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 22).await;
}

#[tokio::test]
async fn where_a_site_sends_us_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Chat, 23).await;
}

#[tokio::test]
async fn a_page_cannot_turn_a_task_against_its_owner() {
    holds_against(Way::Task, 0).await;
}

#[tokio::test]
async fn a_feed_cannot_turn_a_task_against_its_owner() {
    holds_against(Way::Task, 3).await;
}

#[tokio::test]
async fn a_file_in_an_opened_folder_cannot_turn_a_task_against_its_owner() {
    holds_against(Way::Task, 5).await;
}

#[tokio::test]
async fn a_tool_servers_answer_cannot_turn_a_task_against_its_owner() {
    holds_against(Way::Task, 13).await;
}

#[tokio::test]
async fn what_a_webhook_brings_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Webhook, 15).await;
}

#[tokio::test]
async fn a_watched_page_cannot_turn_the_assistant_against_its_owner() {
    holds_against(Way::Watch, 16).await;
}
