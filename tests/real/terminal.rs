//! `steward chat` in a real terminal, with the running program at the other end of the socket.

use std::time::Duration;

use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::data_folder::SOCKET;
use steward::outside::model::Kind;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;
use tokio::time::interval;

use crate::house::{House, Key};
use crate::talk::{plain_house, scripted_house};

const WRITE: &str = "Write hello into the letter.";
const ECHO: &str = "mcp__tools__echo";
const PROBE_EVERY: Duration = Duration::from_millis(50);

/// A folder whose files the owner may write, with a yes each time.
async fn letters(house: &House, key: &Key) -> std::path::PathBuf {
    let folder = house.path().join("letters");
    std::fs::create_dir(&folder).unwrap();
    key.post("/filesystem-whitelist", &json!({ "path": folder, "note": "letters" })).await;
    folder
}

#[tokio::test]
async fn a_chat_is_one_conversation_and_asks_before_each_letter() {
    let model = ModelServer::start().await;
    let (house, key) = plain_house(&model).await;
    let letters = letters(&house, &key).await;
    let letter = |name: &str| letters.join(name);
    let writes = |name: &str| {
        let arguments = json!({ "path": letter(name), "content": "hello" });
        model.answer(Answer::openai_tool_call("files_write", arguments));
    };
    model.answer(Answer::openai_text("Good evening."));
    model.answer(Answer::openai_text("You said good day."));
    writes("yes.txt");
    model.answer(Answer::openai_text("It is written."));
    writes("no.txt");
    model.answer(Answer::openai_text("I left it alone."));
    writes("later.txt");
    let lines = ["Good day", "What did I say?", WRITE, "yes", WRITE, "no", WRITE, "later"];
    let said = house.typed(&["chat"], &lines).await;
    assert_eq!(said.code, Some(3), "{}", said.out);
    for words in ["Good evening.", "You said good day.", "It is written.", "I left it alone."] {
        assert!(said.out.contains(words), "{words} is missing: {}", said.out);
    }
    assert_eq!(said.out.matches("Do it? yes / no / later: ").count(), 3, "{}", said.out);
    assert!(said.out.contains("Waits for your yes"), "{}", said.out);
    let second = model.requests()[1].json()["messages"].to_string();
    assert!(second.contains("Good day") && second.contains("Good evening."), "{second}");
    assert_eq!(std::fs::read_to_string(letter("yes.txt")).unwrap(), "hello");
    assert!(!letter("no.txt").exists() && !letter("later.txt").exists());
    let waiting = key.get("/approvals").await;
    let [card] = &waiting["approvals"].as_array().unwrap()[..] else { panic!("{waiting}") };
    house.run(&["approvals", "approve", card["call_id"].as_str().unwrap()]).await.done();
    eventually(async || letter("later.txt").exists()).await;
}

#[tokio::test]
async fn undo_takes_back_what_a_chat_was_about_to_send() {
    let model = ModelServer::start().await;
    let hold = [("GUARD__HOLD_SECONDS", "600")];
    let (house, key) = scripted_house(&model, Kind::OpenAi, &hold).await;
    let calls = a_tool_that_sends(&house).await;
    model.answer(Answer::openai_tool_call(ECHO, json!({ "text": "see you at six" })));
    let plan = json!({ "effects": [{ "tool": ECHO }] });
    model.answer(Answer::openai_text(&plan.to_string()));
    model.answer(Answer::openai_text("I did not send it."));
    let undo = async {
        eventually(async || key.get("/tool-calls/held").await["held"][0].is_object()).await;
        house.run(&["undo"]).await.done()
    };
    let lines = ["Send them \"see you at six\""];
    let (said, undone) = tokio::join!(house.typed(&["chat"], &lines), undo);
    assert!(undone.contains(&format!("Taken back: {ECHO}")), "{undone}");
    assert!(said.out.contains("takes it back"), "{}", said.out);
    assert!(said.out.contains("I did not send it."), "{}", said.out);
    assert!(!calls.exists(), "nothing was sent");
    let again = house.run(&["undo"]).await;
    assert_eq!(again.code, Some(1), "{}{}", again.out, again.err);
}

/// Adds a tool server whose one tool sends. Gives the file in which it writes what it was asked.
async fn a_tool_that_sends(house: &House) -> std::path::PathBuf {
    let folder = house.path().join("tools");
    std::fs::create_dir(&folder).unwrap();
    let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    let offers = json!([{ "name": "echo", "description": "Says it.", "inputSchema": schema }]);
    std::fs::write(folder.join("tools.json"), offers.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mcp_servers/server.sh");
    let server = json!({
        "name": "tools", "transport": "stdio", "command": "/bin/sh", "args": [script, folder],
        "env": [{ "name": "PATH", "value": "/usr/bin:/bin" }], "agents": [ASSISTANT],
    });
    // A key can add no program; the owner at the socket can.
    let owner = reqwest::Client::builder().unix_socket(house.data().join(SOCKET)).build().unwrap();
    let send = async |request: reqwest::RequestBuilder, body: &Value| -> Value {
        let text = request.json(body).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|err| panic!("{err}: {text}"))
    };
    let made = send(owner.post("http://steward/api/mcp-servers"), &server).await;
    let tool = &made["tools"][0];
    let accept = format!("http://steward/api/mcp-servers/{}/accept", made["id"].as_str().unwrap());
    let seen = json!({ "tools": { (tool["tool"].as_str().unwrap()): tool["fingerprint"] } });
    send(owner.post(accept), &seen).await;
    let roles = json!({ "effect": "send", "roles": { "text": "content" } });
    send(owner.put(format!("http://steward/api/tools/{ECHO}/roles")), &roles).await;
    folder.join("calls.log")
}

/// Until it holds; the test's own limit of time ends it else.
async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let mut again = interval(PROBE_EVERY);
    while !holds().await {
        again.tick().await;
    }
}
