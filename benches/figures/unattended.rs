//! Work that nobody watches: what it costs while nothing is due, and how fast much of it is claimed.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};
use steward::db::Db;
use steward::outside::model::Kind;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::Size;
use crate::house::Key;
use crate::process::{cpu_ms, pss_mb};
use crate::rows::{Copies, count};
use crate::table::Table;
use crate::talk::scripted_house;

const TASKS: usize = 200;
const MONITORS: usize = 20;
const AGENTS: usize = 50;
/// A house that was furnished has looked at its sites and read its tasks when it asked nothing of
/// the model for so long.
const SETTLED: Duration = Duration::from_secs(5);
const CPU_GATE_PERCENT: f64 = 0.2;
const GROWTH_GATE_MB: f64 = 1.0;
const CLAIM_GATE_S: f64 = 5.0;
/// Time to write the rows of a crowd and to start on them before they come due.
const LEAD: SignedDuration = SignedDuration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// 200 tasks, 20 monitors and 50 agents, none of them due.
pub async fn at_rest(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.answer_by(|seen| match seen.json()["tools"].is_null() {
        true => Answer::openai_text(r#"{"effects": []}"#),
        false => Answer::openai_text("Done."),
    });
    let site = site().await.to_string();
    let settings = [("GUARD__PRIVATE_ALLOWED", site.as_str())];
    let (house, key) = scripted_house(&model, Kind::OpenAi, &settings).await;
    furnish(&key, &format!("http://{site}/")).await;
    let mut asked = usize::MAX;
    while asked != model.requests().len() {
        asked = model.requests().len();
        sleep(SETTLED).await;
    }
    let (cpu, pss) = (cpu_ms(&house), pss_mb(&house));
    sleep(size.rest).await;
    let (cpu, growth) = (cpu_ms(&house) - cpu, pss_mb(&house) - pss);
    let percent = cpu / (size.rest.as_secs_f64() * 1000.0) * 100.0;
    table.at_most("at rest: processor", percent, CPU_GATE_PERCENT, "%");
    table.at_most("at rest: memory gained", growth.max(0.0), GROWTH_GATE_MB, "MB");
    let asked = model.requests().len() - asked;
    table.at_most("at rest: questions to the model", asked as f64, 0.0, "");
}

/// Pages that never change.
async fn site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pages = Router::new().fallback(async || "Opening hours: nine to five.");
    tokio::spawn(async { axum::serve(listener, pages).await });
    address
}

async fn furnish(key: &Key, site: &str) {
    key.post("/web-whitelist", &json!({"domain": "127.0.0.1"})).await;
    let in_half_a_day = Timestamp::now() + SignedDuration::from_hours(12);
    let hour = in_half_a_day.to_zoned(jiff::tz::TimeZone::UTC).hour();
    for number in 0..TASKS {
        let schedule = format!("{} {hour} * * *", number % 60);
        key.post("/tasks", &task(&format!("Task {number}"), &schedule)).await;
    }
    for number in 0..MONITORS {
        let monitor = json!({
            "name": format!("Monitor {number}"), "kind": "page", "url": format!("{site}{number}"),
            "schedule": "every hour", "prompt": "Tell me what is new.", "allowed_tools": [],
        });
        key.post("/monitors", &monitor).await;
    }
    for number in 0..AGENTS {
        key.post("/agents", &json!({"name": format!("Agent {number}")})).await;
    }
}

fn task(name: &str, schedule: &str) -> Value {
    json!({
        "name": name, "schedule": schedule, "zone": "UTC", "prompt": "Say good morning.",
        "allowed_tools": [], "notify": "never",
    })
}

/// So many tasks that come due in the same minute: each gets its one row.
pub async fn crowd(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let settings = [("LIMITS__MAX_AUTONOMOUS_RUNS_PER_HOUR", "100")];
    let (mut house, key) = scripted_house(&model, Kind::OpenAi, &settings).await;
    key.post("/tasks", &task("One of many", "* * * * *")).await;
    house.stop().await;
    let due = (Timestamp::now() + LEAD).round(Unit::Minute).unwrap();
    let due = if due < Timestamp::now() + LEAD { due + SignedDuration::from_mins(1) } else { due };
    let due_ms = due.as_millisecond();
    let db = Db::open(&house.data().join("steward.db"), &house.data().join("backups")).unwrap();
    let copies = Copies { table: "tasks", from: "name = 'One of many'" };
    let times = [("next_slot_at", due_ms.to_string()), ("next_fire_at", due_ms.to_string())];
    copies.make(&db, 1..size.crowd, &times).await;
    let at_once = "update tasks set next_slot_at = ?1, next_fire_at = ?1";
    db.write(move |tx| tx.execute(at_once, [due_ms])).await.unwrap();
    drop(db);
    house.start().await;
    assert!(Timestamp::now() < due, "the rows took too long to write");
    let sql = format!("select count(*) from executions where slot_at = {due_ms}");
    while count(&house, &sql) < size.crowd {
        assert!(Timestamp::now() < due + SignedDuration::from_mins(1), "{}", house.log());
        sleep(LOOK_EVERY).await;
    }
    house.stop().await;
    let last = format!("select max(created_at) - slot_at from executions where slot_at = {due_ms}");
    let seconds = count(&house, &last) as f64 / 1000.0;
    let doubled = "select count(*) from (select 1 from executions group by task_id, slot_at
                   having count(*) > 1)";
    assert_eq!(count(&house, doubled), 0);
    let figure = format!("{} tasks due at once, claimed", size.crowd);
    table.at_most(&figure, seconds, CLAIM_GATE_S, "s");
}
