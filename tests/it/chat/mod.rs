//! Conversations, with the built-in commands answering.

mod attachments;
mod completions;
mod conversations;
mod earlier;
mod in_line;
mod room;
mod socket;
mod socket_input;
mod unasked;
pub mod wire;

use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};
use steward::features::chat::{self, Channel, NewAttachment, NewChatMessage};
use steward::ids::ConversationId;
use steward::outside::fetch::Fetcher;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, openai_chunk};
use steward::testing::model_server::{ModelServer, Signal};
use steward::testing::{ADA, TestApp};

#[tokio::test]
async fn a_message_is_answered_without_any_provider() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let answer = house.ask("status").await;
    assert_eq!(
        answer,
        "Everything is running. Nothing else is going on. Nothing waits for your yes or no."
    );
}

#[tokio::test]
async fn a_program_is_told_which_calls_were_denied() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let said = async |words: &str| {
        let body = json!({"message": words});
        let work = async {
            loop {
                house.work().await;
                tokio::task::yield_now().await;
            }
        };
        let answer = tokio::select! {
            answer = house.post("/api/chat/completions", &body) => answer,
            () = work => unreachable!("the house works until the answer is there"),
        };
        let data = answer.text.split("event: done\ndata: ").nth(1).unwrap_or_default();
        let done: Value = serde_json::from_str(data.lines().next().unwrap()).unwrap();
        done["denied"].clone()
    };
    let denied = said("fetch http://example.org/").await;
    assert_eq!(denied[0]["tool_name"], "fetch_page");
    let reason = denied[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Not allowed: ") && reason.contains("example.org"), "{reason}");
    assert_eq!(said("note: boiler serviced in May").await, json!([]));
}

#[tokio::test]
async fn a_program_is_told_of_a_pause_and_not_kept_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let say =
        async |words: &str| house.post("/api/chat/completions", &json!({"message": words})).await;
    assert!(say("pause").await.text.contains("Everything is paused."));
    for words in ["status", "Are you paused?"] {
        let told = say(words).await;
        assert!(
            told.text.contains("Everything is paused. Nothing else is going on."),
            "{}",
            told.text
        );
    }
    assert!(say("help").await.text.contains("Say “resume” to go on"));
    let told = say("what time is it?").await;
    assert_eq!((told.status.as_u16(), told.json()["code"].as_str()), (503, Some("paused")));
    assert!(!house.get("/api/conversations").await.text.contains("what time"), "nothing was taken");
    assert!(say("resume").await.text.contains("Everything is running again."));
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn an_attached_pdf_is_read_for_the_model_in_the_locked_room() {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("It is about the boiler."));
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    house.app.outside.pretend(Fetcher::default(), env!("CARGO_BIN_EXE_steward").into());
    let pdf = crate::sandbox::pdf(crate::sandbox::WORDS, "", crate::sandbox::ONE_PAGE);
    let data = base64::engine::general_purpose::STANDARD.encode(pdf);
    let file = NewAttachment::from_base64("bill.pdf", "application/pdf", &data).unwrap();
    let new = NewChatMessage {
        attachments: vec![file],
        ..NewChatMessage::plain("what is this?".to_owned(), Channel::Web)
    };
    let conversation = ConversationId::new(house.app.clock.now());
    chat::send(&house.app, ADA, conversation, new).await.unwrap();
    house.work().await;
    assert_eq!(house.last_answer(&conversation.to_string()).await, "It is about the boiler.");
    let told = model.requests()[0].json()["messages"].to_string();
    assert!(told.contains("Boiler serviced in May") && told.contains("bill.pdf"), "{told}");
    assert!(told.contains("outside text"), "a file's words are data: {told}");
}

#[tokio::test]
async fn words_typed_behind_a_question_wait_and_are_answered_by_their_own_run() {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    model.answer(Answer::openai_tool_call("files_delete", json!({"path": "plan.txt"})));
    model.answer(Answer::openai_text("I kept it."));
    model.answer(Answer::openai_text("It rains."));
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    let chat = house.say(None, "tidy up").await;
    house.work().await;
    house.say(Some(&chat), "how is the weather?").await;
    house.work().await;
    let page = format!("/chat/{chat}");
    let waiting = "Waits until you answered the question above";
    let shown = house.get(&page).await.text;
    assert_eq!(shown.matches(waiting).count(), 1, "{shown}");
    // The owner's own switch is answered at once and takes nobody's turn.
    house.say(Some(&chat), "resume").await;
    assert_eq!(house.get(&page).await.text.matches(waiting).count(), 1);
    let asked = house.get("/api/approvals").await.json();
    let call = asked["approvals"][0]["call_id"].as_str().unwrap().to_owned();
    house.post(&format!("/api/tool-calls/{call}/deny"), &json!({})).await;
    house.work().await;
    assert!(!house.get(&page).await.text.contains(waiting));
    assert_eq!(house.last_answer(&chat).await, "It rains.");
    // The first run never heard of the weather; the second was asked about it last.
    let asked: Vec<Value> =
        model.requests().iter().map(|it| it.json()["messages"].clone()).collect();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(!asked[1].to_string().contains("weather"), "{}", asked[1]);
    assert_eq!(asked[1].as_array().unwrap().last().unwrap()["role"], "tool");
    let last = asked[2].as_array().unwrap().last().unwrap().clone();
    assert!(last["role"] == "user" && last.to_string().contains("how is the weather?"), "{last}");
}

/// A house whose model is scripted.
async fn scripted() -> (tempfile::TempDir, ModelServer, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    (folder, model, house)
}

#[tokio::test]
async fn stop_ends_the_answer_and_what_was_said_meanwhile_is_answered() {
    let (_folder, model, house) = scripted().await;
    model.answer(Answer::openai_tool_call("files_delete", json!({"path": "plan.txt"})));
    model.answer(Answer::openai_text("It rains."));
    let chat = house.say(None, "tidy up").await;
    house.work().await;
    house.say(Some(&chat), "how is the weather?").await;
    let stop = crate::callers::form(&format!("/chat/{chat}/stop"), "");
    assert_eq!(house.send(stop).await.status, StatusCode::SEE_OTHER);
    house.work().await;
    assert_eq!(house.last_answer(&chat).await, "It rains.");
    assert_eq!(house.get("/api/approvals").await.json()["total"], 0);
}

#[tokio::test]
async fn decided_card_says_what_it_was_about() {
    let (_folder, model, house) = scripted().await;
    model.answer(Answer::openai_tool_call("files_delete", json!({"path": "plan.txt"})));
    model.answer(Answer::openai_text("I kept it."));
    house.say(None, "tidy up").await;
    house.work().await;
    let asked = house.get("/api/approvals").await.json();
    let id = asked["approvals"][0]["id"].as_str().unwrap();
    let deny = crate::callers::form(&format!("/approvals/{id}"), "answer=deny&memo=not+yet");
    assert_eq!(house.send(deny).await.status, StatusCode::SEE_OTHER);
    let decided = house.get("/approvals?state=decided").await.text;
    assert!(decided.contains("path: plan.txt") && decided.contains("not yet"), "{decided}");
}

#[tokio::test]
async fn refused_file_keeps_the_words_and_the_model_that_was_picked() {
    let (_folder, _model, house) = scripted().await;
    let border = "a-border";
    let part = |head: &str, body: &str| {
        format!("--{border}\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let file = "name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png";
    let body = part("name=\"text\"", "my own words")
        + &part("name=\"model\"", "builtin:commands")
        + &part(file, "no picture")
        + &format!("--{border}--\r\n");
    let request = axum::http::Request::post("/chat")
        .header("content-type", format!("multipart/form-data; boundary={border}"))
        .body(axum::body::Body::from(body))
        .unwrap();
    let page = house.send(request).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.text);
    assert!(page.text.contains("a.png is no picture of the kind that it says"), "{}", page.text);
    assert!(page.text.contains("my own words"));
    let picked = "<option value=\"builtin:commands\" selected>";
    assert!(page.text.contains(picked), "{}", page.text);
}

#[tokio::test]
async fn page_without_script_reads_on_while_an_answer_is_written() {
    let (_folder, model, house) = scripted().await;
    let reads_on = "<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>";
    model.answer(Answer::openai_text("Hello."));
    let chat = house.say(None, "hello").await;
    house.work().await;
    assert!(!house.get(&format!("/chat/{chat}")).await.text.contains(reads_on));
    let never = Signal::default();
    let piece = openai_chunk(&json!({"content": "Once upon"}), None);
    model.answer(Answer::stream().then(piece).wait(&never).then("data: [DONE]\n\n"));
    house.say(Some(&chat), "tell me a story").await;
    let look = async {
        model.asked(2).await;
        let page = house.get(&format!("/chat/{chat}")).await.text;
        let stop = crate::callers::form(&format!("/chat/{chat}/stop"), "");
        house.send(stop).await;
        page
    };
    let (page, ()) = tokio::join!(look, house.work());
    assert!(page.contains(reads_on), "{page}");
}
