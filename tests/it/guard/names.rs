//! What the owner's words leave open, and what their own lists call things.

use serde_json::json;
use steward::call::{Effect, Role};
use steward::guard::intent::{Intent, Slot};
use steward::guard::verdict::{OwnerName, Scene};

use super::rules::{DENIED, HI, after_outside, alone, check, hi};
use super::scenes::{DELETE, SEND, Tool, house};

/// "Tell whoever of Ann and Bob asked": what was read picks the one, and Ann is in the owner's words.
#[tokio::test]
async fn what_the_owners_words_left_open_is_asked_once_a_text_from_outside_could_fill_it() {
    let open = |tool: &str, scene| {
        let slots = vec![Slot { tool: tool.to_owned(), bound: [].into(), times: None }];
        Scene { intent: Some(Intent { slots }), ..scene }
    };
    let asks = "ask: It leaves the house, and you did not say that ann@example.org is its to.";
    check(
        &house().await,
        vec![
            (open("email_send", after_outside(HI)), SEND, hi(), asks),
            (open("email_send", alone(HI)), SEND, hi(), "go"),
            (
                open("file_delete", after_outside("delete a.txt")),
                DELETE,
                json!({"path": "a.txt"}),
                "ask: It takes something away for good, and you did not say that a.txt is its path.",
            ),
            (open("email_send", after_outside(HI)), SEND, json!({"text": "x"}), "ask: It leaves the house."),
        ],
    )
    .await;
}

const BOOK: Tool =
    ("mcp__diary__book", Effect::Send, false, &[("id", Role::Id), ("end", Role::Date)]);

#[tokio::test]
async fn when_something_ends_is_worked_out_from_what_the_owner_said_and_not_asked() {
    let bound = [("id".to_owned(), "4711".to_owned())].into();
    let slots = vec![Slot { tool: BOOK.0.to_owned(), bound, times: None }];
    let scene = Scene {
        intent: Some(Intent { slots }),
        ..after_outside("Book 4711 until 2026-12-01, not until 2026-12-03")
    };
    let book = |end: &str| json!({"id": "4711", "end": end});
    let foreign = "ask: It leaves the house, and 2026-12-02 is not in your words.";
    let cases = [("2026-12-01", "go"), ("2026-12-02", foreign)];
    let cases = cases.map(|(end, expected)| (scene.clone(), BOOK, book(end), expected));
    check(&house().await, cases.into()).await;
}

const CANCEL: Tool =
    ("mcp__diary__cancel", Effect::Send, true, &[("id", Role::Id), ("other", Role::Id)]);

/// The owner's diary lists these, and the owner says this.
fn with_diary(text: &str, listed: &[(&str, &str)]) -> Scene {
    let one = |(value, name): &(&str, &str)| OwnerName {
        argument: "id".to_owned(),
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    Scene { listed: listed.iter().map(one).collect(), ..alone(text) }
}

#[tokio::test]
async fn a_thing_of_the_owners_is_named_by_what_their_own_list_calls_it() {
    let diary = |text| with_diary(text, &[("4711", "Dental check-up"), ("12", "Lunch with Bo")]);
    let twice = [("4711", "Dental check-up"), ("4712", "dental check-up")];
    let is_foreign = "ask: It takes something away for good, and 4711 is not in your words.";
    let planned = |words: &str, scene| {
        let bound = [("id".to_owned(), words.to_owned())].into();
        let slots = vec![Slot { tool: CANCEL.0.to_owned(), bound, times: None }];
        Scene { intent: Some(Intent { slots }), read: after_outside("").read, ..scene }
    };
    check(
        &house().await,
        vec![
            (diary("Cancel my dental check-up"), CANCEL, json!({"id": "4711"}), "go"),
            (diary("Cancel my dental check-up"), CANCEL, json!({"id": 4711}), "go"),
            (diary("Cancel my check-up"), CANCEL, json!({"id": "4711"}), is_foreign),
            (diary("Cancel my lunch with Bo"), CANCEL, json!({"id": "4711"}), is_foreign),
            // Which of the two, only the owner can say.
            (
                with_diary("Cancel my dental check-up", &twice),
                CANCEL,
                json!({"id": "4711"}),
                is_foreign,
            ),
            // Another argument's 4711 is another thing.
            (
                diary("Cancel my dental check-up"),
                CANCEL,
                json!({"id": "4711", "other": "4711"}),
                is_foreign,
            ),
            (
                planned("dental check-up", diary("Cancel my dental check-up")),
                CANCEL,
                json!({"id": "4711"}),
                "go",
            ),
            (
                planned("dental check-up", diary("Cancel my dental check-up, not lunch with Bo")),
                CANCEL,
                json!({"id": "12"}),
                DENIED,
            ),
        ],
    )
    .await;
}
