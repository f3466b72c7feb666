//! Keys and passwords over the API and the page.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::callers::{as_user, form, with_token};

const KEY: &str = "system:anthropic_api_key";
const VALUE: &str = "sk-ant-4711-canary";

async fn house(folder: &tempfile::TempDir) -> TestApp {
    let house = TestApp::open(folder.path()).await;
    let body = json!({"key": KEY, "value": VALUE, "description": "Anthropic"});
    assert_eq!(house.post("/api/credentials", &body).await.json(), json!({"ok": true}));
    house
}

#[tokio::test]
async fn a_credential_is_saved_listed_without_its_value_shown_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    assert_eq!(
        house.get("/api/credentials").await.json(),
        json!([{"key": KEY, "description": "Anthropic", "updated_at": "2030-01-01T09:00:00Z"}])
    );
    assert_eq!(
        house.get("/api/credentials/system%3Aanthropic_api_key").await.json(),
        json!({"key": KEY, "value": VALUE, "description": "Anthropic"})
    );
    let path = format!("/api/credentials/{KEY}");
    let gone = house.send_json("DELETE", &path, &Value::Null).await;
    assert_eq!(gone.json(), json!({"ok": true}));
    assert_eq!(house.get(&path).await.status, 404);
    assert_eq!(house.send_json("DELETE", &path, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_slash_in_a_name_is_one_segment() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    let body = json!({"key": "system:a/b", "value": "x-value-x"});
    assert_eq!(house.post("/api/credentials", &body).await.status, 200);
    let found = house.get("/api/credentials/system:a%2Fb").await.json();
    assert_eq!(found["value"], "x-value-x");
}

#[tokio::test]
async fn a_secret_is_never_shown_even_to_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    let body = json!({"key": "secret:shop", "value": "hunter2hunter2"});
    house.post("/api/credentials", &body).await;
    let shown = house.get("/api/credentials/secret:shop").await;
    assert_eq!(shown.status, 403);
    assert!(!shown.text.contains("hunter2"));
}

#[tokio::test]
async fn showing_a_value_needs_that_very_scope() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    let get = |path: String| Request::get(path).body(Body::empty()).unwrap();
    let path = format!("/api/credentials/{KEY}");
    let star = with_token(&house, &["*"], get(path.clone())).await;
    assert_eq!(star.status, 403, "{}", star.text);
    assert!(!star.text.contains(VALUE));
    let list = with_token(&house, &["*"], get("/api/credentials".to_owned())).await;
    assert_eq!(list.status, 200);
    let reveal = with_token(&house, &["*", "credentials:reveal"], get(path.clone())).await;
    assert_eq!((reveal.status.as_u16(), reveal.json()["value"].as_str()), (200, Some(VALUE)));
    let read = with_token(&house, &["read"], get("/api/credentials".to_owned())).await;
    assert_eq!(read.status, 403, "a reader is no admin");
    let user = as_user(&house, &["*", "credentials:reveal"], get(path)).await;
    assert_eq!(user.status, 403, "only an admin");
}

#[tokio::test]
async fn bad_input_names_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    for (body, field) in [
        (json!({"key": "nokind", "value": "x"}), "key"),
        (json!({"key": "a:b", "value": ""}), "value"),
        (json!({"key": "a:b", "value": 7}), "value"),
        (json!({"key": "a:b"}), "value"),
        (json!({"key": "a:b", "value": "x", "colour": "red"}), "colour"),
    ] {
        let refused = house.post("/api/credentials", &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert_eq!(refused.json()["detail"], field, "{body}: {}", refused.text);
    }
}

#[tokio::test]
async fn the_page_works_without_script_and_shows_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    let page = house.get("/credentials").await;
    assert!(page.text.contains(KEY) && page.text.contains("never used"), "{}", page.text);
    assert!(!page.text.contains(VALUE));

    let saved = house.send(form("/credentials", "key=mail%3Awork&value=hunter2hunter2")).await;
    assert_eq!(saved.status, 303);
    assert!(house.get("/credentials").await.text.contains("mail:work"));

    let wrong = house.send(form("/credentials", "key=nokind&value=hunter2hunter2")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("value=\"nokind\"") && wrong.text.contains("Name it kind:name"));
    assert!(!wrong.text.contains("hunter2"));

    let gone = house.send(form("/credentials/mail%3Awork/delete", "")).await;
    assert_eq!(gone.status, 303);
    assert!(!house.get("/credentials").await.text.contains("mail:work"));
}

#[tokio::test]
async fn a_long_value_shows_how_it_ends_a_short_one_nothing_and_looking_is_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    for (key, value) in [("mail:work", "hunter2hunter-ab"), ("secret:shop", "hunter2hunter-c")] {
        house.post("/api/credentials", &json!({"key": key, "value": value})).await;
    }
    for _ in 0..2 {
        let page = house.get("/credentials").await.text;
        for shown in ["</time>, ends in …nary · never used", "</time>, ends in …r-ab · never used"]
        {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert_eq!(page.matches("ends in").count(), 2, "{page}");
        assert!(page.contains("</time> · never used · never shown again"), "{page}");
        assert!(!page.contains(VALUE) && !page.contains("hunter2"), "{page}");
    }
    assert!(!house.get("/api/audit").await.text.contains("credentials.use"));
    assert!(!house.get("/api/credentials").await.text.contains("nary"));
}

#[tokio::test]
async fn every_use_stands_in_the_log_and_no_value_does() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    house.get(&format!("/api/credentials/{KEY}")).await;
    let log = house.get("/api/audit").await;
    let actions: Vec<String> = log.json()["entries"].as_array().unwrap()[..2]
        .iter()
        .map(|it| it["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["credentials.reveal", "credentials.save"]);
    assert!(!log.text.contains(VALUE));
}

#[tokio::test]
async fn a_models_key_holds_as_soon_as_it_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[models.providers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
                credential = \"system:local_key\"\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let body = json!({"key": "system:local_key", "value": VALUE});
    assert_eq!(house.post("/api/credentials", &body).await.status, 200);
    let log = house.get("/api/audit").await.json();
    let used = &log["entries"][0];
    assert_eq!(
        (&used["action"], &used["target"]),
        (&json!("credentials.use"), &json!("system:local_key"))
    );
    assert_eq!(used["detail"]["for"], "the model provider local");
    assert!(house.get("/credentials").await.text.contains("used <time"), "the page says so");
}

const HIDDEN: &str = "[hidden: system:anthropic_api_key]";

/// Everything that the tables of a conversation hold.
async fn rows(house: &TestApp) -> String {
    let rows = |r: &steward::db::Reader<'_>| {
        let sql = "select text from messages union all select body from events
                   union all select title from conversations
                   union all select arguments || state || coalesce(verdict, '') || coalesce(result, '')
                             || coalesce(arguments_error, '') from tool_calls
                   union all select coalesce(error, '') from runs
                   union all select detail from audit
                   union all select coalesce(text, '') || cast(bytes as text) from attachments";
        r.rows(sql, (), |row| row.get::<_, String>(0))
    };
    house.read(rows).await.join("\n")
}

/// A house whose model says what it is told to.
async fn scripted(folder: &tempfile::TempDir, answers: &[&[Say<'_>]]) -> (TestApp, ModelServer) {
    let model = ModelServer::start().await;
    answers.iter().for_each(|parts| model.answer(Answer::openai(parts)));
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    let body = json!({"key": KEY, "value": VALUE});
    assert_eq!(house.post("/api/credentials", &body).await.status, 200);
    (house, model)
}

#[tokio::test]
async fn what_the_owner_says_keeps_its_sense_and_loses_the_value() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder).await;
    house.ask(&format!("note: my key is {VALUE}, keep it")).await;
    let notes = house.get("/api/notes").await.text;
    assert!(notes.contains(&format!("my key is {HIDDEN}, keep it")), "{notes}");
    let rows = rows(&house).await;
    assert!(rows.contains(HIDDEN) && !rows.contains(VALUE), "{rows}");
}

#[tokio::test]
async fn a_call_that_holds_a_value_is_denied_and_no_row_ever_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let add = json!({"content": format!("the key is {VALUE}")});
    let said: &[&[Say<'_>]] = &[&[Say::Call("notes_add", add)], &[Say::Text("I may not.")]];
    let (house, model) = scripted(&folder, said).await;
    house.ask("write it down").await;
    let rows = rows(&house).await;
    assert!(rows.contains("denied") && rows.contains("which never leaves the vault"), "{rows}");
    assert!(rows.contains(HIDDEN) && !rows.contains(VALUE), "{rows}");
    let told = String::from_utf8(model.requests()[1].body.clone()).unwrap();
    assert!(told.contains(HIDDEN) && !told.contains(VALUE), "{told}");
    assert_eq!(house.get("/api/notes").await.json()["total"], 0);
}

#[tokio::test]
async fn a_model_that_speaks_a_value_piece_by_piece_is_not_heard() {
    let folder = tempfile::tempdir().unwrap();
    let pieces: Vec<String> = VALUE.chars().map(String::from).collect();
    let mut say = vec![Say::Text("The key is ")];
    say.extend(pieces.iter().map(|piece| Say::Text(piece)));
    say.push(Say::Text(", I think."));
    let (house, _model) = scripted(&folder, &[&say]).await;
    let answer = house.ask("what is it?").await;
    assert_eq!(answer, format!("The key is {HIDDEN}, I think."));
    assert!(!rows(&house).await.contains(VALUE));
}

#[tokio::test]
async fn a_value_that_was_said_before_it_was_saved_is_not_told_to_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let said: &[&[Say<'_>]] = &[&[Say::Text("Save it under Credentials.")], &[Say::Text("Good.")]];
    let (house, model) = scripted(&folder, said).await;
    let conversation = house.say(None, "my shop's password is hunter2hunter2").await;
    house.work().await;
    house.post("/api/credentials", &json!({"key": "secret:shop", "value": "hunter2hunter2"})).await;
    house.say(Some(&conversation), "done").await;
    house.work().await;
    let told = model.requests().into_iter().map(|it| String::from_utf8(it.body).unwrap());
    let told: Vec<String> = told.collect();
    assert!(told[0].contains("hunter2hunter2"), "it was no secret then");
    assert!(told[1].contains("password is [hidden: secret:shop]"), "{}", told[1]);
}
