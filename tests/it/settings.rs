//! Changing settings while the house runs: by API and on their page.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use steward::outside::model::Kind;
use steward::testing::model_answers::Answer as Model;
use steward::testing::model_server::ModelServer;
use steward::testing::{Answer, TestApp};

use crate::callers::signed_in;

#[tokio::test]
async fn a_changed_limit_holds_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let changed = house.post("/api/settings/limits", &json!({"max_tool_calls": 30})).await;
    assert_eq!(changed.text, r#"{"ok":true}"#);
    let expected = json!({
        "max_tool_calls": 30, "max_autonomous_runs_per_hour": 10, "max_concurrent_runs": 3,
    });
    assert_eq!(house.get("/api/settings/limits").await.json(), expected);
    drop(house);
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.get("/api/settings/limits").await.json(), expected);
}

#[tokio::test]
async fn two_changes_at_once_both_hold() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let limits = json!({"max_tool_calls": 30});
    let runs = json!({"max_concurrent_runs": 5});
    let change = async |body| house.post("/api/settings/limits", body).await.status;
    let both = tokio::join!(change(&limits), change(&runs));
    assert_eq!(both, (StatusCode::OK, StatusCode::OK));
    let now = house.get("/api/settings/limits").await.json();
    assert_eq!((&now["max_tool_calls"], &now["max_concurrent_runs"]), (&json!(30), &json!(5)));
}

#[tokio::test]
async fn what_is_fixed_from_outside_is_not_changed_here() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[limits]\nmax_tool_calls = 7\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let refused = house.post("/api/settings/limits", &json!({"max_tool_calls": 30})).await;
    assert_eq!(refused.status, 409);
    assert!(refused.json()["error"].as_str().unwrap().contains("config.toml"), "{}", refused.text);
    assert_eq!(house.get("/api/settings/limits").await.json()["max_tool_calls"], 7);
}

#[tokio::test]
async fn a_wrong_value_is_named_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for body in [
        json!({"max_tool_calls": 0}),
        json!({"max_tool_calls": "many"}),
        json!({"max_tool_calls": -1}),
        json!({"max_toolcalls": 3}),
    ] {
        let refused = house.post("/api/settings/limits", &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert!(refused.text.contains("max_tool"), "{body}: {}", refused.text);
        let sent = body.as_object().unwrap().keys().next().unwrap();
        assert_eq!(refused.json()["detail"], *sent, "{body}: {}", refused.text);
    }
    let refused = house.post("/api/settings/security", &json!({"mode": "loose"})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (400, &json!("mode")));
    assert_eq!(house.get("/api/settings/limits").await.json()["max_tool_calls"], 20);
}

#[tokio::test]
async fn what_counts_is_told_with_its_source_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[limits]\nmax_tool_calls = 5\n[web]\nbrave_key = \"quince-marigold\"\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    house.post("/api/settings/limits", &json!({"max_concurrent_runs": 4})).await;
    let told = house.get("/api/settings/effective").await;
    assert!(!told.text.contains("quince-marigold"));
    let told = told.json();
    let row = |key: &str| {
        let rows = told["settings"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key"] == key).unwrap();
        format!("{} from {}", row["value"].as_str().unwrap(), row["source"].as_str().unwrap())
    };
    let file = folder.path().join("config.toml");
    assert_eq!(row("limits.max_tool_calls"), format!("5 from {}", file.display()));
    assert_eq!(row("limits.max_concurrent_runs"), "4 from Settings");
    assert_eq!(row("owner.time_zone"), "\"UTC\" from STEWARD_OWNER__TIME_ZONE");
    assert_eq!(row("agent.name"), "\"Steward\" from default");
    assert!(row("data.dir").ends_with(" from --data-dir"));
    assert!(row("web.brave_key").starts_with("\"(set, hidden)\" from "));
}

async fn post(house: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn a_saved_setting_holds_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let answer = post(&house, "/settings/limits", "limits.max_tool_calls=7").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(house.app.config.get().limits.max_tool_calls, 7);
    let page = house.get("/settings").await.text;
    assert!(page.contains("name=\"limits.max_tool_calls\" type=\"text\" value=\"7\""), "{page}");
}

#[tokio::test]
async fn a_wrong_setting_comes_back_as_typed_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let answer = post(&house, "/settings/limits", "limits.max_tool_calls=many").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("value=\"many\""));
    assert!(answer.text.contains("id=\"limits.max_tool_calls-error\""), "{}", answer.text);
    assert_eq!(house.app.config.get().limits.max_tool_calls, 20);
}

#[tokio::test]
async fn every_wrong_setting_is_marked_and_the_page_begins_at_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let typed = "limits.max_tool_calls=0&limits.max_concurrent_runs=900";
    let answer = post(&house, "/settings/limits", typed).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let first = "Max concurrent runs must be a number from 1 to 100.";
    let second = "Max tool calls must be a number from 1 to 1000.";
    let above = format!("Nothing was saved. {first} {second}");
    for part in [above.as_str(), "limits.max_tool_calls-error", "limits.max_concurrent_runs-error"]
    {
        assert!(answer.text.contains(part), "{part}: {}", answer.text);
    }
    assert_eq!(answer.text.matches(" autofocus").count(), 1, "{}", answer.text);
    let before = answer.text.split(" autofocus").next().unwrap();
    assert!(!before.contains("-error\""), "the first that is wrong: {}", answer.text);
    assert!(!answer.text.contains("limits.max_tool_calls must"), "{}", answer.text);
}

#[tokio::test]
async fn the_address_of_a_save_that_did_not_work_leads_back() {
    let folder = tempfile::tempdir().unwrap();
    let (_house, ada, eve) = signed_in(folder.path()).await;
    assert_eq!(ada.get("/settings/limits").await.brief(), "303 /settings#limits");
    assert_eq!(ada.get("/settings/notes").await.brief(), "303 /settings#notes");
    assert_eq!(ada.get("/settings/weather").await.status, 404);
    assert_eq!(eve.get("/settings/limits").await.status, 403);
}

#[tokio::test]
async fn what_the_file_sets_is_shown_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[limits]\nmax_tool_calls = 5\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let page = house.get("/settings?q=tool_calls").await.text;
    assert!(
        page.contains("Set by <code class=\"name\">") && page.contains("config.toml"),
        "{page}"
    );
    assert!(page.contains("data-copy=\"locked-limits.max_tool_calls\""), "{page}");
    let answer = post(&house, "/settings/limits", "limits.max_tool_calls=7").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.app.config.get().limits.max_tool_calls, 5);
}

#[tokio::test]
async fn the_owners_notes_reach_the_prompt_of_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    model.always(Model::openai_text("Noted."));
    let toml = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &toml).await;
    let answer = post(&house, "/settings/notes", "notes=I+live+in+Bergen").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(house.get("/settings").await.text.contains("I live in Bergen</textarea>"));
    let chat = house.say(None, "where do I live?").await;
    house.work().await;
    let answer = post(&house, "/settings/notes", "notes=I+live+in+Oslo").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    // In a conversation that is under way, in a new one, and where nobody watches.
    house.say(Some(&chat), "and now?").await;
    house.work().await;
    house.ask("and in a new conversation?").await;
    let task = json!({"name": "Job", "schedule": "every day at 8:00", "prompt": "where am I?",
                      "allowed_tools": ["notes"]});
    let task = house.post("/api/tasks", &task).await.json();
    house.post(&format!("/api/tasks/{}/run", task["id"].as_str().unwrap()), &json!({})).await;
    house.work().await;
    let told: Vec<String> =
        model.requests().iter().map(|it| it.json()["messages"][0].to_string()).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].contains("I live in Bergen"), "{}", told[0]);
    for later in &told[1..] {
        assert!(later.contains("I live in Oslo") && !later.contains("Bergen"), "{later}");
    }
}

/// The hidden field of a section's form.
fn revision<'p>(page: &'p Answer, section: &str) -> &'p str {
    let (_, form) = page.text.split_once(&format!("action=\"/settings/{section}\"")).unwrap();
    let (_, rest) = form.split_once("name=\"revision\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn settings_that_were_changed_meanwhile_are_not_overwritten_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let shown = house.get("/settings").await;
    house.post("/api/settings/limits", &json!({"max_tool_calls": 30})).await;
    let typed = "limits.max_tool_calls=20&limits.max_concurrent_runs=5";
    let form = format!("revision={}&{typed}", revision(&shown, "limits"));
    let refused = post(&house, "/settings/limits", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let now = "Now Max concurrent runs is &#34;3&#34;, Max tool calls is &#34;30&#34;.";
    for part in ["were changed meanwhile", now, "type=\"text\" value=\"5\""] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    assert_eq!(house.app.config.get().limits.max_tool_calls, 30);
    // Another section's form is as good as before.
    let other = format!("revision={}&agent.name=Bertie", revision(&shown, "agent"));
    assert_eq!(post(&house, "/settings/agent", &other).await.status, StatusCode::SEE_OTHER);
    let again = format!("revision={}&{typed}", revision(&refused, "limits"));
    assert_eq!(post(&house, "/settings/limits", &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.app.config.get().limits.max_tool_calls, 20);
}

#[tokio::test]
async fn the_owners_notes_are_not_overwritten_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let shown = house.get("/settings").await;
    let form = format!("revision={}&notes=I+live+in+Bergen", revision(&shown, "notes"));
    assert_eq!(post(&house, "/settings/notes", &form).await.status, StatusCode::SEE_OTHER);
    let form = form.replace("Bergen", "Oslo");
    let refused = post(&house, "/settings/notes", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["were changed meanwhile", "I live in Bergen</pre>", "I live in Oslo</textarea>"] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    let again = format!("revision={}&notes=I+live+in+Oslo", revision(&refused, "notes"));
    assert_eq!(post(&house, "/settings/notes", &again).await.status, StatusCode::SEE_OTHER);
    assert!(house.get("/settings").await.text.contains("I live in Oslo</textarea>"));
}

#[tokio::test]
async fn page_shows_what_counts_as_a_config_file_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[limits]\nmax_tool_calls = 5\n[web]\nbrave_key = \"quince-marigold\"\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let page = house.get("/settings").await.text;
    let (_, shown) = page.split_once("View as TOML").unwrap();
    let (shown, _) = shown.split_once("</figure>").unwrap();
    assert!(shown.contains("[limits]\n") && shown.contains("max_tool_calls = 5"), "{shown}");
    assert!(shown.contains("# brave_key is set, and hidden"), "{shown}");
    assert!(!page.contains("quince-marigold"));
}
