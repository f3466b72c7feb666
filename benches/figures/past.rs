//! Lists, where much lies behind.

use std::time::{Duration, Instant};

use serde_json::json;
use steward::db::Db;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;
use tokio::time::sleep;

use crate::Size;
use crate::house::{House, Key, client};
use crate::rows::{Copies, count, numbered};
use crate::table::{Table, milliseconds, percentile};
use crate::talk::plain_house;

const GATE_MS: f64 = 50.0;
const LOOKS: usize = 40;
/// They are kept for thirty days, of which one each minute is the most.
const EXECUTIONS_MAX: usize = 30 * 24 * 60;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A task that ran so often, and as many chats, each with its own conversation, run and model call.
pub async fn lists(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (mut house, key) = plain_house(&model).await;
    let task = ran_once(&house, &key).await;
    let agent = asked_once(&house, &key).await;
    house.stop().await;
    repeat(&house, size.past).await;
    house.start().await;
    let completed = count(&house, "select count(*) from runs where state = 'completed'");
    assert_eq!(completed, 2 * size.past);
    let deep = key.get("/runs?per_page=50").await["runs"][49]["id"].clone();
    let of_runs = [
        ("/api/runs".to_owned(), "runs"),
        (format!("/api/runs?before={}", deep.as_str().unwrap()), "runs, further back"),
        ("/api/runs?state=failed".to_owned(), "runs that failed: none"),
        (format!("/api/tasks/{task}/executions"), "executions"),
        (format!("/api/tasks/{task}/executions?page=500"), "executions, page 500"),
        ("/runs".to_owned(), "the page of runs"),
        (format!("/tasks/{task}"), "the page of a task"),
    ];
    let of_chats = [
        ("/api/conversations".to_owned(), "conversations"),
        ("/api/agents".to_owned(), "agents"),
        (format!("/api/agents/{agent}"), "an agent"),
        (format!("/api/agents/{agent}/summary"), "an agent's summary"),
        (format!("/api/agents/{agent}/conversations"), "an agent's conversations"),
        (format!("/api/agents/{agent}/messages"), "an agent's messages"),
        (format!("/api/agents/{agent}/messages?page=100"), "an agent's messages, page 100"),
        ("/conversations".to_owned(), "the page of chats"),
        (format!("/agents/{agent}"), "the page of an agent"),
    ];
    let lists = [&of_runs[..], &of_chats[..]].concat();
    let cookies = house.cookies().await;
    for (path, name) in lists {
        let mut times = looks(&house, &path, (&key, cookies.as_str())).await;
        let figure = format!("{} runs and as many chats behind: {name}, p95", size.past);
        table.at_most(&figure, percentile(&mut times, 0.95), GATE_MS, "ms");
    }
}

/// How long each look at a page took.
async fn looks(house: &House, path: &str, (key, cookies): (&Key, &str)) -> Vec<f64> {
    let http = client();
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let request = http.get(house.url(path));
        let request = match path.starts_with("/api/") {
            true => request.bearer_auth(&key.key),
            false => request.header("cookie", cookies),
        };
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        assert_eq!(answer.url().path(), path.split('?').next().unwrap(), "it is that page");
        assert!(!answer.bytes().await.unwrap().is_empty());
        times.push(milliseconds(begun.elapsed()));
    }
    times
}

/// A task, run once; gives its id.
async fn ran_once(house: &House, key: &Key) -> String {
    let task = json!({
        "name": "Often", "schedule": "0 0 1 1 *", "prompt": "Say good morning.",
        "allowed_tools": [], "notify": "never",
    });
    let id = key.post("/tasks", &task).await["id"].as_str().unwrap().to_owned();
    key.post(&format!("/tasks/{id}/run"), &json!({})).await;
    while count(house, "select count(*) from executions where state = 'done'") == 0 {
        sleep(LOOK_EVERY).await;
    }
    id
}

/// A message to the assistant and its answer; gives the assistant's id.
pub async fn asked_once(house: &House, key: &Key) -> String {
    let id = key.get("/agents").await[0]["id"].as_str().unwrap().to_owned();
    let before = count(house, "select count(*) from runs where state = 'completed'");
    key.post(&format!("/agents/{id}/messages"), &json!({"content": "Good morning."})).await;
    while count(house, "select count(*) from runs where state = 'completed'") == before {
        sleep(LOOK_EVERY).await;
    }
    id
}

/// Which rows are the task's, and which the chat's, of the tables that have a trigger, a task or a
/// run.
struct Kind {
    runs: &'static str,
    conversations: &'static str,
    calls: &'static str,
    /// Of the trigger: whose number each copy has of its own.
    key: &'static str,
}

const TASK: Kind = Kind {
    runs: "json_extract(trigger, '$.task_id') is not null",
    conversations: "task_id is not null",
    calls: "exists (select 1 from runs where runs.id = run_id
                    and json_extract(trigger, '$.task_id') is not null)",
    key: "execution_id",
};
const CHAT: Kind = Kind {
    runs: "json_extract(trigger, '$.task_id') is null",
    conversations: "task_id is null",
    calls: "exists (select 1 from runs where runs.id = run_id
                    and json_extract(trigger, '$.task_id') is null)",
    key: "message_id",
};
/// What is said in the chat, and what of it each copy has of its own.
const SAID: [(&str, &[&str]); 2] = [
    (
        "role = 'user' and exists (select 1 from conversations
                                   where conversations.id = conversation_id and task_id is null)",
        &["conversation_id"],
    ),
    (
        "role = 'assistant' and exists (select 1 from conversations
                                        where conversations.id = conversation_id and task_id is null)",
        &["conversation_id", "run_id"],
    ),
];

/// Columns that are not as in the first row.
type Columns = Vec<(&'static str, String)>;

/// The same again, each a minute earlier than the one before.
async fn repeat(house: &House, times: usize) {
    let db = Db::open(&house.data().join("steward.db"), &house.data().join("backups")).unwrap();
    for kind in [TASK, CHAT] {
        runs(&db, &kind, times).await;
    }
    for (from, ids) in SAID {
        let columns = [earlier(&["created_at"]), own(ids), said("seq")];
        Copies { table: "messages", from }.make(&db, 1..times, &columns.concat()).await;
    }
    let columns = earlier(&["created_at", "started_at", "ended_at"]);
    let columns = [columns, own(&["run_id", "conversation_id"])].concat();
    Copies { table: "executions", from: "true" }
        .make(&db, 1..times.min(EXECUTIONS_MAX), &columns)
        .await;
}

/// Each with a conversation and a model call of its own.
async fn runs(db: &Db, kind: &Kind, times: usize) {
    let columns = [earlier(&["created_at", "updated_at"]), said("last_said")].concat();
    let conversations = Copies { table: "conversations", from: kind.conversations };
    conversations.make(db, 1..times, &columns).await;
    let key = kind.key;
    let trigger = format!(
        "json_set(trigger, '$.{key}', printf('%s%08x',
                  substr(json_extract(trigger, '$.{key}'), 1, 28), i))"
    );
    let columns = earlier(&["queued_at", "started_at", "ended_at"]);
    let columns = [columns, own(&["conversation_id"]), vec![("trigger", trigger)]].concat();
    Copies { table: "runs", from: kind.runs }.make(db, 1..times, &columns).await;
    let columns = [earlier(&["created_at"]), own(&["run_id"]), vec![("id", "null".to_owned())]];
    Copies { table: "model_calls", from: kind.calls }.make(db, 1..times, &columns.concat()).await;
}

fn earlier(columns: &[&'static str]) -> Columns {
    columns.iter().map(|column| (*column, format!("{column} - i * 60000"))).collect()
}

fn own(columns: &[&'static str]) -> Columns {
    columns.iter().map(|column| (*column, numbered(column))).collect()
}

/// In each chat two messages are said.
fn said(column: &'static str) -> Columns {
    vec![(column, format!("{column} + i * 2"))]
}
