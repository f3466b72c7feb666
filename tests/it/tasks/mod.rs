//! Tasks: done at their times while nobody watches, and every time on record.

mod bounds;
mod clock;
mod continued;
mod dry;
pub mod edits;
mod fairness;
mod intent;
mod lines;
mod pages;
mod proposed;
mod soak;
mod unheard;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::{Answer, TestApp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn open() -> (tempfile::TempDir, TestApp) {
    open_with("").await
}

async fn open_with(config: &str) -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), config).await;
    (folder, house)
}

/// Makes a task; gives its path in the API.
async fn add(house: &TestApp, prompt: &str, schedule: &str, more: Value) -> String {
    let mut body = json!({
        "name": "Job", "prompt": prompt, "schedule": schedule,
        "allowed_tools": ["notes", "status", "filesystem"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = house.post("/api/tasks", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    format!("/api/tasks/{}", made.json()["id"].as_str().unwrap())
}

/// What came of a task, the oldest first: "09:10 done Noted".
async fn told(house: &TestApp, task: &str) -> Vec<String> {
    let found = house.get(&format!("{task}/executions?per_page=200")).await.json();
    let lines = found["executions"].as_array().unwrap().iter().rev();
    lines.map(line).collect()
}

fn line(it: &Value) -> String {
    let slot = it["slot_at"].as_str().map_or(it["kind"].as_str().unwrap(), |slot| &slot[11..16]);
    let reason = it["reason"].as_str().unwrap();
    let first = reason.lines().next().unwrap_or_default();
    format!("{slot} {} {first}", it["state"].as_str().unwrap()).trim_end().to_owned()
}

async fn notifications(house: &TestApp) -> Vec<String> {
    let found = house.get("/api/notifications").await.json();
    let texts = found["notifications"].as_array().unwrap().iter().rev();
    texts.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
}

async fn notes(house: &TestApp) -> Value {
    house.get("/api/notes").await.json()["total"].clone()
}

/// What the page of a task has its yes say of what it showed.
async fn seen(house: &TestApp, page: &str) -> String {
    let shown = house.get(page).await.text;
    let after = shown.split("name=\"seen\" value=\"").nth(1).expect("its words wait to be read");
    format!("seen={}", after.split('"').next().unwrap())
}

async fn post_form(house: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn the_contract_is_kept_to_the_letter() {
    let (_folder, house) = open().await;
    let body = json!({"name": "Summary", "schedule": "0 8 * * *", "prompt": "Sum up my day.",
                      "allowed_tools": ["caldav", "pushover"], "enabled": true});
    let made = house.post("/api/tasks", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let task = made.json();
    for (field, sent) in body.as_object().unwrap() {
        assert_eq!(task[field], *sent, "{field}");
    }
    assert_eq!(task["sentence"], "Every day at 08:00, UTC");
    assert_eq!(task["next_runs"].as_array().unwrap().len(), 5);
    assert_eq!(task["next_runs"][0], "2030-01-02T08:00:00Z");
    let path = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    assert_eq!(house.get("/api/tasks").await.json(), json!([task]));
    assert_eq!(house.get(&path).await.json(), task);
    let toggled = house.post(&format!("{path}/toggle"), &json!({})).await;
    assert_eq!(toggled.json(), json!({"enabled": false}));
    let toggled = house.post(&format!("{path}/toggle"), &json!({})).await;
    assert_eq!(toggled.json(), json!({"enabled": true}));
    let changed = house.send_json("PUT", &path, &json!({"schedule": "30 8 * * *"})).await;
    assert_eq!(changed.json(), json!({"ok": true}));
    let now = house.get(&path).await.json();
    assert_eq!((&now["schedule"], &now["name"]), (&json!("30 8 * * *"), &json!("Summary")));
    assert_eq!(house.post(&format!("{path}/run"), &json!({})).await.json(), json!({"ok": true}));
    let ahead = house.get(&format!("{path}/preview?count=2")).await.json();
    assert_eq!(ahead["next_runs"][1]["local"], "2030-01-03T08:30:00+00:00");
    assert_eq!(house.send_json("DELETE", &path, &json!({})).await.json(), json!({"ok": true}));
    assert_eq!(house.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get("/api/tasks").await.json(), json!([]));
}

#[tokio::test]
async fn a_slot_that_comes_due_is_one_run_in_a_conversation_of_its_own() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: water the plants", "every 10 minutes", json!({})).await;
    house.advance(MINUTE * 9).await;
    assert_eq!(told(&house, &task).await, Vec::<String>::new());
    house.advance(MINUTE).await;
    house.advance(SignedDuration::ZERO).await;
    assert_eq!(told(&house, &task).await.len(), 1);
    house.advance(MINUTE * 10).await;
    assert_eq!(told(&house, &task).await.len(), 2);
    assert_eq!(notes(&house).await, 2);
    let found = house.get(&format!("{task}/executions")).await.json();
    let talks: Vec<&Value> =
        found["executions"].as_array().unwrap().iter().map(|it| &it["conversation_id"]).collect();
    assert_ne!(talks[0], talks[1]);
    let talk = talks[0].as_str().unwrap();
    let messages = house.get(&format!("/api/conversations/{talk}")).await.json();
    assert_eq!(messages["messages"][0]["content"], "note: water the plants");
    assert_eq!(messages["title"], "Job");
    let talks = house.get("/api/conversations").await.json();
    assert_eq!(talks["total"], 0, "runs of tasks don't bury the chats");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let (_folder, house) = open().await;
    let refused = async |more: Value| {
        let mut body = json!({"name": "Job", "prompt": "status", "schedule": "@daily"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = house.post("/api/tasks", &body).await;
        let it = answer.json();
        format!("{} {} {}", answer.status.as_u16(), it["detail"], it["error"].as_str().unwrap())
    };
    let table = [
        json!({"name": " "}),
        json!({"prompt": ""}),
        json!({"schedule": "sometimes"}),
        json!({"schedule": "2029-01-01 08:00"}),
        json!({"zone": "Europe/Berln"}),
        json!({"allowed_tools": ["no/tes"]}),
        json!({"allowed_tools": ["notes", "note"]}),
        json!({"missed": "never"}),
        json!({"jitter_seconds": 3601}),
        json!({"max_runs": 0}),
        json!({"budget_usd_micros": -1}),
        json!({"start_at": "2030-02-01", "end_at": "2030-01-15"}),
        json!({"model": "nobody:nothing"}),
        json!({"every": "day"}),
    ];
    let mut lines = Vec::new();
    for more in table {
        lines.push(refused(more).await);
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    400 "name" Give the task a name, in up to 100 characters.
    400 "prompt" Write what is to be done, in up to 20000 characters.
    400 "schedule" I can't read "sometimes" as a schedule. Write it like "weekdays at 7:30", "every 15 minutes" or, as a cron line, "30 7 * * MON-FRI".
    400 "schedule" Its time has passed. Give a later one to switch it on.
    400 "zone" There is no time zone "Europe/Berln". Did you mean Europe/Berlin?
    400 "allowed_tools" "no/tes" is no name of a tool.
    400 "allowed_tools" There is no tool and no set of tools named "note". The nearest set is "notes".
    400 "missed" This is one of skip, once, all.
    400 "jitter_seconds" This is a whole number from 0 to 3600.
    400 "max_runs" This is a whole number from 1 to 1000000.
    400 "budget_usd_micros" This is a whole number from 1 to 1000000000.
    400 "end_at" The end has to lie after the start.
    400 "model" There is no model provider “nobody”. Add it in Models.
    400 "every" There is no field "every" here. There is: name, schedule, prompt, allowed_tools, enabled, zone, model, agent_id, start_at, end_at, max_runs, missed, overlap, jitter_seconds, budget_usd_micros, notify.
    "#);
}

#[tokio::test]
async fn nobody_reaches_another_persons_task() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "@daily", json!({})).await;
    let id = "00000000-0000-7000-8000-0000000000b0";
    let rows = format!(
        "insert into users (id, name, name_key, password_hash, role, created_at)
         values ('{id}', 'Bob', 'bob', 'none', 'user', 0)"
    );
    let give = format!("update tasks set user_id = '{id}'");
    house
        .app
        .db
        .write(move |tx| {
            tx.execute(&rows, ())?;
            tx.execute(&give, ())
        })
        .await
        .unwrap();
    for (method, tail) in [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/toggle"),
        ("POST", "/run"),
        ("POST", "/dry-run"),
        ("GET", "/executions"),
        ("GET", "/preview"),
    ] {
        let answer = house.send_json(method, &format!("{task}{tail}"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {tail}");
    }
}

#[tokio::test]
async fn a_task_that_a_model_writes_is_off_until_a_person_switches_it_on() {
    let (_folder, house) = open().await;
    insta::assert_snapshot!(house.ask("list tasks").await, @"Nothing is scheduled.");
    let said = house.ask("every 10 minutes: note: x").await;
    assert!(
        said.starts_with("Written down: note: x, Every 10 minutes, UTC. It is switched off"),
        "{said}"
    );
    let made = house.get("/api/tasks").await.json()[0].clone();
    let task = format!("/api/tasks/{}", made["id"].as_str().unwrap());
    assert_eq!(
        (&made["enabled"], &made["label"]["origin"]["kind"]),
        (&json!(false), &json!("agent"))
    );
    house.advance(MINUTE * 30).await;
    assert_eq!(told(&house, &task).await.len(), 0);
    let key = house.post("/api/tokens", &json!({"name": "program", "scopes": ["*"]})).await.json();
    let program = Request::post(format!("{task}/toggle"))
        .header("x-api-key", key["token"].as_str().unwrap())
        .body(Body::empty())
        .unwrap();
    assert_eq!(house.send_raw(program).await.status, StatusCode::FORBIDDEN);
    let by_hand = house.post(&format!("{task}/run"), &json!({})).await;
    assert_eq!(by_hand.status, StatusCode::CONFLICT);
    let page = house.get(&task.replace("/api", "")).await.text;
    assert!(page.contains("Not your words: the assistant wrote them."), "{page}");
    assert!(page.contains("nothing that acts on the world"), "its words were read: {page}");
    let tools = json!({"allowed_tools": ["notes"]});
    assert_eq!(house.send_json("PUT", &task, &tools).await.json(), json!({"ok": true}));
    let page = task.replace("/api", "");
    let yes = seen(&house, &page).await;
    let yes = post_form(&house, &format!("{page}/approve"), &yes).await;
    assert_eq!(yes.status, StatusCode::SEE_OTHER);
    house.advance(MINUTE * 10).await;
    assert_eq!(notes(&house).await, 1);
    insta::assert_snapshot!(house.ask("list tasks").await, @"- note: x: Every 10 minutes, UTC; next Tuesday 1 January at 09:50");
    insta::assert_snapshot!(house.ask("switch off task note").await, @"Switched off: note: x");
}
