//! Runs over the API: what woke each, what it did with which verdict, and what may be done with it.

use axum::body::Body;
use axum::http::{Method, Request, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{ADA, TestApp};

use crate::callers;

/// A house whose only provider is a scripted server.
pub struct House {
    folder: tempfile::TempDir,
    pub model: ModelServer,
    pub app: TestApp,
}

impl House {
    pub async fn new(more: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let model = ModelServer::start().await;
        let toml = format!(
            "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \
             \"{}\"\n{more}",
            model.base_url(Kind::OpenAi)
        );
        let app = TestApp::with_config(folder.path(), &toml).await;
        House { folder, model, app }
    }

    pub fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::of(Kind::OpenAi, parts));
    }

    /// A file in Ada's own folder.
    pub async fn write_file(&self, name: &str, text: &str) {
        let path = self.folder.path().join("data/files").join(ADA.to_string()).join(name);
        tokio::fs::create_dir_all(path.parent().unwrap()).await.unwrap();
        tokio::fs::write(path, text).await.unwrap();
    }

    /// Says something in a new conversation and lets the house work; gives the conversation.
    pub async fn asked(&self, words: &str) -> String {
        let talk = self.app.say(None, words).await;
        self.app.work().await;
        talk
    }

    /// The runs that fit, the newest first.
    pub async fn runs(&self, query: &str) -> Vec<Value> {
        let found = self.app.get(&format!("/api/runs{query}")).await;
        assert_eq!(found.status, 200, "{}", found.text);
        found.json()["runs"].as_array().unwrap().clone()
    }

    /// The address of the newest run, from `/runs` on.
    pub async fn newest(&self) -> String {
        format!("/runs/{}", self.runs("").await[0]["id"].as_str().unwrap())
    }

    pub async fn tool_calls(&self, run: &str) -> Vec<Value> {
        let found = self.app.get(&format!("/api{run}/tool-calls")).await.json();
        found["tool_calls"].as_array().unwrap().clone()
    }

    /// Parks a run that would delete a file.
    pub async fn parked(&self) -> String {
        self.write_file("old.txt", "old").await;
        self.answers(&[
            Say::Text("I tidy up."),
            Say::Call("time_now", json!({})),
            Say::Call("files_delete", json!({"path": "old.txt"})),
        ]);
        self.app.say(None, "tidy up").await;
        self.app.work().await;
        self.newest().await
    }
}

fn request(method: Method, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.header(header::CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap()
}

#[tokio::test]
async fn a_run_says_what_woke_it_and_what_it_used() {
    let house = House::new("").await;
    house.answers(&[Say::Text("Hello.")]);
    let talk = house.asked("hi <there>").await;
    let run = house.runs("").await.remove(0);
    assert_eq!(run["trigger"]["kind"], "chat");
    assert_eq!(run["trigger"]["text"], "hi <there>");
    assert_eq!(run["trigger"]["label"]["origin"]["kind"], "owner");
    assert_eq!((&run["for_user"], &run["channel"]), (&json!("Ada"), &json!("web")));
    assert_eq!((&run["state"], &run["error"]), (&json!("completed"), &Value::Null));
    assert_eq!((&run["conversation_id"], &run["model_calls"]), (&json!(talk), &json!(1)));
    assert!(run["ended_at"].is_string());
    let one = house.app.get(&format!("/api{}", house.newest().await)).await.json();
    assert_eq!((&one["tool_calls"], &one["blocked"]), (&json!(0), &json!(0)));
    assert_eq!((&one["id"], &one["intent"]), (&run["id"], &Value::Null));
    let events = house.app.get(&format!("/api{}/events", house.newest().await)).await.json();
    let kinds: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["run_started", "text", "done"]);
    assert_eq!(events["total"], 3);
}

#[tokio::test]
async fn each_call_tells_its_verdict_who_answered_and_whose_words_came_back() {
    let house = House::new("").await;
    let run = house.parked().await;
    let calls = house.tool_calls(&run).await;
    assert_eq!(calls[0]["verdict"], json!({"decision": "go", "reason": null}));
    assert_eq!((&calls[0]["state"], &calls[0]["label"]["trust"]), (&json!("done"), &json!("own")));
    assert_eq!(calls[1]["verdict"]["decision"], "ask");
    assert_eq!(calls[1]["approval"]["state"], "waiting");
    let deny = format!("/api/tool-calls/{}/deny", calls[1]["id"].as_str().unwrap());
    house.app.post(&deny, &json!({"memo": "still needed"})).await;
    house.answers(&[Say::Text("I leave it.")]);
    house.app.work().await;
    let told = house.model.requests().last().unwrap().json()["messages"].to_string();
    assert!(told.contains("The owner said no: still needed") && told.contains("09:00"), "{told}");
    let calls = house.tool_calls(&run).await;
    let answer = &calls[1]["approval"];
    assert_eq!((&answer["state"], &answer["answered_by"]), (&json!("denied"), &json!("Ada")));
    assert_eq!((&answer["answered_via"], &answer["memo"]), (&json!("cli"), &json!("still needed")));
    assert_eq!(calls[1]["state"], "denied");
    assert!(calls[1]["ended_at"].is_string() && calls[1]["started_at"].is_null());
    let page = house.app.get(&format!("/api{run}/tool-calls?per_page=1&page=2")).await.json();
    assert_eq!((&page["total"], &page["tool_calls"][0]["id"]), (&json!(2), &calls[1]["id"]));
}

#[tokio::test]
async fn the_tools_of_a_run_are_those_that_it_may_call() {
    let house = House::new("").await;
    house.answers(&[Say::Text("Hello.")]);
    house.app.ask("hi").await;
    let tools = house.app.get(&format!("/api{}/tools?per_page=200", house.newest().await)).await;
    let tools = tools.json()["tools"].as_array().unwrap().clone();
    let delete = tools.iter().find(|it| it["name"] == "files_delete").unwrap();
    assert_eq!((&delete["effect"], &delete["destructive"]), (&json!("write"), &json!(true)));
    let body = json!({"name": "Job", "prompt": "note: x", "schedule": "@daily",
                      "allowed_tools": ["notes"], "model": "builtin:commands"});
    let task = house.app.post("/api/tasks", &body).await.json()["id"].clone();
    house.app.post(&format!("/api/tasks/{}/run", task.as_str().unwrap()), &json!({})).await;
    house.app.tick().await;
    house.app.work().await;
    let run = house.runs(&format!("?task_id={}", task.as_str().unwrap())).await.remove(0);
    assert_eq!(run["trigger"]["task_name"], "Job");
    assert_eq!(run["trigger"]["execution_kind"], "manual");
    assert_eq!((&run["headless"], &run["state"]), (&json!(true), &json!("completed")));
    assert_eq!(run["bounds"]["allowed_tools"], json!(["notes"]));
    let own = format!("/api/runs/{}/tools", run["id"].as_str().unwrap());
    let tools = house.app.get(&own).await.json()["tools"].as_array().unwrap().clone();
    assert!(!tools.is_empty() && tools.iter().all(|it| it["set"] == "notes"), "{tools:?}");
}

#[tokio::test]
async fn runs_are_listed_newest_first_and_go_on_after_the_last() {
    let house = House::new("").await;
    let mut talks = Vec::new();
    for number in 0..5 {
        house.answers(&[Say::Text("Hello.")]);
        talks.push(house.asked(&format!("hello {number}")).await);
        house.app.shift(SignedDuration::from_mins(i64::from(number % 2)));
    }
    let said = |runs: &[Value]| -> Vec<String> {
        runs.iter().map(|it| it["trigger"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = house.app.get(&format!("/api/runs?per_page=2{next}")).await.json();
        seen.extend(said(page["runs"].as_array().unwrap()));
        let Some(last) = page["next"].as_str() else { break };
        next = format!("&before={last}");
    }
    assert_eq!(seen, ["hello 4", "hello 3", "hello 2", "hello 1", "hello 0"]);
    let one = house.runs(&format!("?conversation_id={}", talks[1])).await;
    assert_eq!(said(&one), ["hello 1"]);
    assert_eq!(house.runs("?state=completed").await.len(), 5);
    assert_eq!(house.runs("?state=failed").await.len(), 0);
    let agent = one[0]["agent_id"].as_str().unwrap();
    assert_eq!(house.runs(&format!("?agent_id={agent}&state=completed")).await.len(), 5);
    for (query, field) in [("state=odd", "state"), ("per_page=201", "per_page")] {
        let refused = house.app.get(&format!("/api/runs?{query}")).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (400, &json!(field)));
    }
    let unknown = "/api/runs?before=00000000-0000-7000-8000-000000000000";
    assert_eq!(house.app.get(unknown).await.status, 400);
}

#[tokio::test]
async fn somebody_elses_runs_are_not_there() {
    let house = House::new("").await;
    let run = house.parked().await;
    let as_eve = async |method: Method, path: String| {
        callers::as_user(&house.app, &["*", "approvals"], request(method, &path)).await
    };
    let theirs = as_eve(Method::GET, "/api/runs".to_owned()).await;
    assert_eq!(theirs.json()["runs"], json!([]));
    for part in ["", "/events", "/tool-calls", "/context-windows", "/tools"] {
        assert_eq!(as_eve(Method::GET, format!("/api{run}{part}")).await.status, 404, "{part}");
    }
    for part in ["/cancel", "/compact"] {
        assert_eq!(as_eve(Method::POST, format!("/api{run}{part}")).await.status, 404, "{part}");
    }
    assert_eq!(house.runs("?state=waiting").await.len(), 1, "nothing was stopped");
    let talk = house.runs("").await[0]["conversation_id"].as_str().unwrap().to_owned();
    house.app.send(request(Method::DELETE, &format!("/api/conversations/{talk}"))).await;
    assert_eq!(house.app.get(&format!("/api{run}")).await.status, 404, "it was deleted");
    assert_eq!(house.runs("").await.len(), 0);
}

#[tokio::test]
async fn a_program_starts_a_run_goes_on_with_it_and_stops_it() {
    let house = House::new("").await;
    let chat = |path: &str, body: &Value| {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        request.body(Body::from(body.to_string())).unwrap()
    };
    let hello = json!({"message": "hello"});
    let made = callers::with_token(&house.app, &["chat"], chat("/api/runs", &hello)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    house.answers(&[Say::Text("Hello.")]);
    house.app.work().await;
    let talk = made.json()["conversation_id"].clone();
    assert_eq!(house.app.last_answer(talk.as_str().unwrap()).await, "Hello.");
    let run = format!("/api/runs/{}", made.json()["run_id"].as_str().unwrap());
    let more = house.app.post(&format!("{run}/continue"), &json!({"message": "and?"})).await;
    assert_eq!((more.status.as_u16(), &more.json()["conversation_id"]), (201, &talk));
    let second = format!("/api/runs/{}", more.json()["run_id"].as_str().unwrap());
    assert_eq!(house.app.get(&second).await.json()["state"], "queued");
    let stopped = house.app.post(&format!("{second}/cancel"), &json!({})).await;
    assert_eq!(stopped.json(), json!({"ok": true}));
    assert_eq!(house.app.get(&second).await.json()["state"], "cancelled");
    let late = house.app.post(&format!("{second}/cancel"), &json!({})).await;
    assert_eq!(
        (late.status.as_u16(), &late.json()["error"]),
        (409, &json!("This run has ended already."))
    );
    let nobody = json!({"agent_id": "00000000-0000-7000-8000-000000000009", "message": "hi"});
    let refused = house.app.post("/api/runs", &nobody).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]),
        (400, &json!("There is no such agent."))
    );
    let empty = house.app.post("/api/runs", &json!({"message": " "})).await;
    assert_eq!((empty.status.as_u16(), &empty.json()["detail"]), (400, &json!("message")));
    let reads = callers::with_token(&house.app, &["read"], chat("/api/runs", &hello)).await;
    assert_eq!(reads.status, 403);
}

#[tokio::test]
async fn a_conversation_is_shortened_when_somebody_asks_for_it() {
    let house = House::new("").await;
    house.answers(&[Say::Text("Hello.")]);
    let talk = house.asked("the boiler is from 1998").await;
    let first = house.newest().await;
    let short = house.app.post(&format!("/api{first}/compact"), &json!({})).await;
    assert_eq!(short.status, 409, "{}", short.text);
    for _ in 0..4 {
        house.answers(&[Say::Text("Yes.")]);
        house.app.say(Some(&talk), "and so on").await;
        house.app.work().await;
    }
    house.answers(&[Say::Text("The boiler: 1998.")]);
    let done = house.app.post(&format!("/api{first}/compact"), &json!({})).await;
    assert_eq!(done.json(), json!({"ok": true}), "{}", done.text);
    let windows = house.app.get(&format!("/api{first}/context-windows")).await.json();
    assert_eq!(windows["context_windows"][0]["summary"], "The boiler: 1998.");
    house.answers(&[Say::Text("In 1998.")]);
    house.app.say(Some(&talk), "when was it?").await;
    house.app.work().await;
    let told = house.model.requests().last().unwrap().json()["messages"].to_string();
    assert!(told.contains("The boiler: 1998.") && !told.contains("is from 1998"), "{told}");
    let audit = house.app.get("/api/audit").await.text;
    assert!(audit.contains("runs.compact"), "{audit}");
    let page = house.app.get(&first).await.text;
    assert!(page.contains("is from 1998"), "its own prompt is that of its time");
}
