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

/// A task that ran so often, with a conversation for each run.
pub async fn lists(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (mut house, key) = plain_house(&model).await;
    let task = ran_once(&house, &key).await;
    house.stop().await;
    repeat(&house, size.past).await;
    house.start().await;
    assert_eq!(count(&house, "select count(*) from runs where state = 'completed'"), size.past);
    let deep = key.get("/runs?per_page=50").await["runs"][49]["id"].clone();
    let lists = [
        ("/api/runs".to_owned(), "runs"),
        (format!("/api/runs?before={}", deep.as_str().unwrap()), "runs, further back"),
        ("/api/runs?state=failed".to_owned(), "runs that failed: none"),
        (format!("/api/tasks/{task}/executions"), "executions"),
        (format!("/api/tasks/{task}/executions?page=500"), "executions, page 500"),
        ("/api/conversations".to_owned(), "conversations"),
        ("/runs".to_owned(), "the page of runs"),
        (format!("/tasks/{task}"), "the page of a task"),
    ];
    let cookies = house.cookies().await;
    let http = client();
    for (path, name) in lists {
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            let begun = Instant::now();
            let request = http.get(house.url(&path));
            let request = match path.starts_with("/api/") {
                true => request.bearer_auth(&key.key),
                false => request.header("cookie", &cookies),
            };
            let answer = request.send().await.unwrap().error_for_status().unwrap();
            assert_eq!(answer.url().path(), path.split('?').next().unwrap(), "it is that page");
            assert!(!answer.bytes().await.unwrap().is_empty());
            times.push(milliseconds(begun.elapsed()));
        }
        let figure = format!("{} runs behind: {name}, p95", size.past);
        table.at_most(&figure, percentile(&mut times, 0.95), GATE_MS, "ms");
    }
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

/// The same again, each a minute earlier than the one before.
async fn repeat(house: &House, times: usize) {
    let db = Db::open(&house.data().join("steward.db"), &house.data().join("backups")).unwrap();
    let earlier = |column: &str| format!("{column} - i * 60000");
    let at = |columns: &[&'static str]| -> Vec<(&'static str, String)> {
        columns.iter().map(|column| (*column, earlier(column))).collect()
    };
    let of = |columns: &[&'static str]| -> Vec<(&'static str, String)> {
        columns.iter().map(|column| (*column, numbered(column))).collect()
    };
    let task = "task_id is not null";
    let copies = Copies { table: "conversations", from: task };
    copies.make(&db, 1..times, &at(&["created_at", "updated_at"])).await;
    let trigger = "json_set(trigger, '$.execution_id', printf('%s%08x',
                       substr(json_extract(trigger, '$.execution_id'), 1, 28), i))";
    let trigger = [("trigger", trigger.to_owned())];
    let columns = at(&["queued_at", "started_at", "ended_at"]);
    let columns = [&columns[..], &of(&["conversation_id"]), &trigger].concat();
    Copies { table: "runs", from: "true" }.make(&db, 1..times, &columns).await;
    let columns = at(&["created_at", "started_at", "ended_at"]);
    let columns = [&columns[..], &of(&["run_id", "conversation_id"])].concat();
    Copies { table: "executions", from: "true" }
        .make(&db, 1..times.min(EXECUTIONS_MAX), &columns)
        .await;
}
