//! What is made of several texts keeps where each came from, wherever it goes.

use serde_json::json;

use super::attacks::Needs;
use super::sources::Attached;
use super::world::{Calls, Owner, World, say};

/// A page and a file of the opened folder are read.
fn reads(world: &World) -> Calls {
    vec![
        ("fetch_page", json!({"url": world.url("/hours")})),
        ("files_read", json!({"path": world.open_path("old.txt")})),
    ]
}

const BOTH: [&str; 2] = ["the website 127.0.0.1", "old.txt"];

#[tokio::test]
async fn a_note_made_of_a_page_and_a_file_is_of_both_and_so_is_the_value_on_a_later_card() {
    let world = World::new().await;
    world.add(Needs::Post).await;
    world.intent(&vec![("mcp__post__send", json!({}))]);
    world.will_call(reads(&world));
    world.will_call(vec![("notes_add", json!({"content": "The clerk is bob@example.org"}))]);
    world.will_say("Noted.");
    let (page, file) = (world.url("/hours"), world.open_path("old.txt"));
    let words = format!("Note what {page} and {file} say.");
    let (talk, _) = world.told(None, &words, Attached::Nothing, Owner::Away).await;
    let notes = world.app.get("/api/notes").await.json().to_string();
    assert!(notes.contains("\"trust\":\"outside\"") && notes.contains("\"also\""), "{notes}");
    // Another conversation: nothing of it is known but what stands with the note.
    world.will_call(vec![
        ("notes_list", json!({})),
        ("mcp__post__send", json!({"to": "bob@example.org", "text": "We meet at nine."})),
    ]);
    let words = "Write to the clerk that is in my notes: we meet at nine.";
    let (later, _) = world.told(None, words, Attached::Nothing, Owner::Away).await;
    let card = world.app.get("/api/approvals").await.json()["approvals"][0].take();
    let origins = card["origins"].to_string();
    assert!(BOTH.iter().all(|it| origins.contains(it)), "the card names both: {origins}");
    for talk in [talk, later] {
        let page = world.app.get(&format!("/chat/{talk}")).await.text;
        let run = page.split("/runs/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let trace = world.app.get(&format!("/runs/{run}")).await.text;
        assert!(BOTH.iter().all(|it| trace.contains(it)), "the trace names both: {trace}");
    }
}

#[tokio::test]
async fn an_agents_answer_is_of_all_that_it_read() {
    let world = World::new().await;
    world.add(Needs::Helper).await;
    world.intent(&Vec::new());
    let files = ["letter.txt", "old.txt"];
    world.will_call(vec![("agents_run", json!({"agent": "Helper", "message": "Look."}))]);
    world.will_call(
        files.map(|name| ("files_read", json!({"path": world.open_path(name)}))).to_vec(),
    );
    world.will_call(vec![say("Nothing new.")]);
    world.will_say("There is nothing new.");
    let words = "Ask Helper to look at letter.txt and old.txt.";
    world.told(None, words, Attached::Nothing, Owner::Away).await;
    let made = "select result_label from tool_calls where tool = 'agents_run'";
    let said = "select label from messages where role = 'assistant' order by rowid desc limit 1";
    for sql in [made, said] {
        let label: String = world.app.read(move |r| r.one(sql, (), |row| row.get(0))).await;
        assert!(files.iter().all(|name| label.contains(name)), "{sql}: {label}");
        assert!(label.contains("\"trust\":\"outside\""), "{label}");
    }
}
