//! Every slot is one line, whatever became of it.

use jiff::SignedDuration;
use serde_json::json;
use steward::agent::ASSISTANT;
use steward::db::Tx;
use steward::inbox::Room;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use super::clock::CONFIG;
use super::{MINUTE, add, notes, open, open_with, told};

async fn after(missed: &str, closed: SignedDuration) -> Vec<String> {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "*/20 * * * *", json!({"missed": missed})).await;
    house.advance(closed).await;
    for _ in 0..3 {
        house.advance(SignedDuration::ZERO).await;
    }
    let lines = told(&house, &task).await;
    lines
        .into_iter()
        .map(|it| it.split_inclusive(' ').take(2).collect::<String>().trim().to_owned())
        .collect()
}

#[tokio::test]
async fn missed_slots_are_left_out_made_up_for_once_or_all_made_up_for() {
    let closed = MINUTE * 70;
    assert_eq!(after("skip", closed).await, ["09:20 skipped", "09:40 skipped", "10:00 skipped"]);
    assert_eq!(after("once", closed).await, ["09:20 skipped", "09:40 skipped", "10:00 done"]);
    assert_eq!(after("all", closed).await, ["09:20 done", "09:40 done", "10:00 done"]);
    // Seen a little late: the latest is done, not the first.
    assert_eq!(after("once", MINUTE * 43).await, ["09:20 skipped", "09:40 done"]);
    // One that is due just now is not missed, and makes up for the others.
    assert_eq!(after("once", MINUTE * 60).await, ["09:20 skipped", "09:40 skipped", "10:00 done"]);
    assert_eq!(after("skip", MINUTE * 60).await, ["09:20 skipped", "09:40 skipped", "10:00 done"]);
}

#[tokio::test]
async fn a_missed_slot_says_whether_the_house_was_closed_or_the_clock_went_ahead() {
    let (folder, house) = open().await;
    let task = add(&house, "status", "*/20 * * * *", json!({"missed": "skip"})).await;
    house.advance(MINUTE * 30).await;
    let asleep = "09:20 skipped Missed: this machine slept then, or its clock was set ahead.";
    assert_eq!(told(&house, &task).await, [asleep]);
    drop(house);
    let house = TestApp::at(folder.path(), "", "2030-01-01T09:50:00Z".parse().unwrap()).await;
    house.advance(SignedDuration::ZERO).await;
    let closed = "09:40 skipped Missed: Steward was not running then.";
    assert_eq!(told(&house, &task).await, [asleep, closed]);
}

#[tokio::test]
async fn a_slot_that_is_left_out_says_what_the_run_before_waited_for() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "*/10 * * * *", json!({"overlap": "skip"})).await;
    house.post("/api/pause", &json!({})).await;
    house.advance(MINUTE * 10).await;
    house.advance(MINUTE * 10).await;
    let agent = format!("/api/agents/{ASSISTANT}");
    house.post(&format!("{agent}/pause"), &json!({})).await;
    house.post("/api/resume", &json!({})).await;
    house.advance(MINUTE * 10).await;
    house.post(&format!("{agent}/resume"), &json!({})).await;
    house.work().await;
    let lines = told(&house, &task).await;
    assert!(lines[0].starts_with("09:10 done"), "{lines:?}");
    assert_eq!(
        lines[1..],
        [
            "09:20 skipped Everything was paused, and the run before waits for the end of that.",
            "09:30 skipped Steward was paused, and the run before waits for the end of that.",
        ]
    );
}

#[tokio::test]
async fn of_very_many_missed_slots_the_oldest_share_a_line() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "* * * * *", json!({"missed": "all"})).await;
    house.advance(SignedDuration::from_hours(24 * 400)).await;
    let found = house.get(&format!("{task}/executions?page=6&per_page=200")).await.json();
    assert_eq!(found["total"], 1_001);
    let oldest = &found["executions"][0];
    assert_eq!(oldest["slot_at"], "2030-01-01T09:01:00Z");
    assert_eq!(oldest["until_at"], "2031-02-04T16:20:00Z");
    assert_eq!(oldest["state"], "skipped");
}

#[tokio::test]
async fn the_next_slot_is_left_out_waits_or_stops_the_one_before() {
    for (overlap, wanted) in [
        ("skip", "09:10 waiting, 09:20 skipped The run before had not ended."),
        ("queue", "09:10 waiting, 09:20 due"),
        ("cancel", "09:10 cancelled The next one came due., 09:20 waiting"),
    ] {
        let model = ModelServer::start().await;
        model.answer_to("Write down at most", Answer::openai_text(r#"{"effects": []}"#));
        let delete = Say::Call("files_delete", json!({"path": "plans.txt"}));
        model.always(Answer::openai(&[delete]));
        let (folder, house) = open_with(&super::bounds::with_model(&model)).await;
        super::bounds::plans(&folder);
        let policy = json!({"overlap": overlap});
        let task = add(&house, "Tidy up.", "*/10 * * * *", policy).await;
        house.advance(MINUTE * 10).await;
        house.advance(MINUTE * 10).await;
        assert_eq!(told(&house, &task).await.join(", "), wanted);
        if overlap != "queue" {
            continue;
        }
        for _ in 0..12 {
            house.advance(MINUTE * 10).await;
        }
        let lines = told(&house, &task).await;
        assert_eq!(lines.iter().filter(|it| it.contains("due")).count(), 10);
        assert!(lines[13].contains("skipped 10 runs of this task waited already."), "{lines:?}");
        let talk = house.get(&format!("{task}/executions?per_page=200")).await.json();
        let first = talk["executions"].as_array().unwrap().last().unwrap().clone();
        let stop = format!("/chat/{}/stop", first["conversation_id"].as_str().unwrap());
        super::post_form(&house, &stop, "").await;
        house.advance(SignedDuration::ZERO).await;
        let lines = told(&house, &task).await;
        assert_eq!(lines[0], "09:10 cancelled Stopped.");
        assert_eq!(lines[1], "09:20 waiting");
    }
}

#[tokio::test]
async fn a_task_ends_after_its_last_run_or_its_last_day() {
    let (_folder, house) = open().await;
    let three = add(&house, "note: x", "*/10 * * * *", json!({"max_runs": 3})).await;
    let bounded = json!({"start_at": "2030-01-01T09:30:00Z", "end_at": "2030-01-01T09:50:00Z"});
    let bounded = add(&house, "status", "*/10 * * * *", bounded).await;
    let once = add(&house, "status", "today at 9:25", json!({})).await;
    for _ in 0..12 {
        house.advance(MINUTE * 5).await;
    }
    let slots = async |task: &str| -> String {
        let lines = told(&house, task).await;
        lines.iter().map(|it| &it[..5]).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(slots(&three).await, "09:10 09:20 09:30");
    assert_eq!(slots(&bounded).await, "09:30 09:40 09:50");
    assert_eq!(slots(&once).await, "09:25");
    assert_eq!(notes(&house).await, 3);
    for task in [&three, &bounded, &once] {
        let now = house.get(task).await.json();
        assert_eq!(
            (&now["state"], &now["why"]),
            (&json!("finished"), &json!("Its last time has come."))
        );
    }
    let more = house.send_json("PUT", &three, &json!({"max_runs": 4, "enabled": true})).await;
    assert_eq!(more.json(), json!({"ok": true}));
    house.advance(MINUTE * 30).await;
    assert_eq!(notes(&house).await, 4);
}

#[tokio::test]
async fn a_delay_by_chance_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let task = add(&house, "status", "0 10 * * *", json!({"jitter_seconds": 3600})).await;
    let fire = async |house: &TestApp| {
        house
            .read(|r| {
                r.one("select next_fire_at - next_slot_at from tasks", (), |row| {
                    row.get::<_, i64>(0)
                })
            })
            .await
    };
    let delay = fire(&house).await;
    assert!((0..=3_600_000).contains(&delay));
    drop(house);
    let house = TestApp::open(folder.path()).await;
    let until = SignedDuration::from_hours(1) + SignedDuration::from_millis(delay);
    house.advance(until - SignedDuration::from_secs(1)).await;
    assert_eq!(told(&house, &task).await.len(), 0);
    house.advance(SignedDuration::from_secs(1)).await;
    let lines = told(&house, &task).await;
    assert!(lines[0].starts_with("10:00 done"), "{lines:?}");
}

#[tokio::test]
async fn a_delay_by_chance_never_reaches_the_next_slot() {
    let (_folder, house) = open_with(CONFIG).await;
    let late = json!({"jitter_seconds": 240, "overlap": "queue"});
    let task = add(&house, "status", "* * * * *", late).await;
    for _ in 0..20 * 6 {
        house.advance(MINUTE / 6).await;
    }
    let lines = told(&house, &task).await;
    assert!((19..=20).contains(&lines.len()), "{lines:?}");
    for (line, minute) in lines.iter().zip(1..) {
        assert!(line.starts_with(&format!("09:{minute:02} done")), "{lines:?}");
    }
}

#[tokio::test]
async fn a_slot_that_is_looked_at_before_its_delay_is_over_is_not_lost() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "0 10 * * *", json!({"jitter_seconds": 3600})).await;
    // As the rows of an older version are looked at.
    let early = "update tasks set next_fire_at = next_slot_at";
    house.app.db.write(move |tx| tx.execute(early, ())).await.unwrap();
    house.advance(MINUTE * 60).await;
    assert_eq!(told(&house, &task).await, Vec::<String>::new());
    house.advance(MINUTE * 60).await;
    let lines = told(&house, &task).await;
    assert!(lines.len() == 1 && lines[0].starts_with("10:00 done"), "{lines:?}");
}

#[tokio::test]
async fn of_many_times_that_were_missed_no_more_are_made_up_for_than_a_task_may_run() {
    let (_folder, house) = open_with(CONFIG).await;
    let more = json!({"missed": "all", "max_runs": 2});
    let task = add(&house, "note: x", "*/10 * * * *", more).await;
    house.advance(MINUTE * 60).await;
    house.advance(MINUTE * 60).await;
    assert_eq!(told(&house, &task).await, ["09:10 done Noted: x", "09:20 done Noted: x"]);
    assert_eq!(house.get(&task).await.json()["state"], "finished");
}

#[tokio::test]
async fn what_was_still_to_do_is_said_to_be_dropped_when_a_task_is_switched_off() {
    let (_folder, house) = open_with("[limits]\nmax_autonomous_runs_per_hour = 0\n").await;
    let task = add(&house, "status", "*/10 * * * *", json!({})).await;
    house.advance(MINUTE * 10).await;
    let why = "It waits: 0 unattended runs an hour are the limit, in Settings.";
    assert_eq!(told(&house, &task).await, [format!("09:10 due {why}")]);
    house.post(&format!("{task}/toggle"), &json!({})).await;
    house.advance(MINUTE * 10).await;
    assert_eq!(
        told(&house, &task).await,
        ["09:10 skipped The task was switched off before this was done."]
    );
}

#[tokio::test]
async fn a_schedule_that_can_no_longer_be_read_pauses_the_task_and_is_told() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "*/10 * * * *", json!({})).await;
    let gone = "update tasks set zone = 'Atlantis/Capital'";
    house.app.db.write(move |tx| tx.execute(gone, ())).await.unwrap();
    house.advance(MINUTE * 10).await;
    let told = super::notifications(&house).await;
    insta::assert_snapshot!(told.join(" | "), @r#"“Job” is paused. Its schedule can't be read: There is no time zone "Atlantis/Capital". Did you mean Canada/Atlantic?"#);
    let state = "select state from tasks";
    assert_eq!(
        house.read(move |r| r.one(state, (), |row| row.get::<_, String>(0))).await,
        "paused"
    );
    for page in ["/tasks", "/api/tasks", "/tasks/week", &task.replace("/api", ""), &task] {
        assert_eq!(house.get(page).await.status, 200, "{page} still opens");
    }
}

#[tokio::test]
async fn a_run_that_was_just_taken_from_the_line_ends_with_its_task() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: x", "@yearly", json!({})).await;
    house.post(&format!("{task}/run"), &json!({})).await;
    let (inbox, now) = (house.app.agents.inbox.clone(), house.app.clock.now());
    let take = move |tx: &Tx<'_>| inbox.claim(tx, Room::Any, now);
    let run = house.app.db.write(take).await.unwrap().unwrap().run_id;
    house.send_json("DELETE", &task, &json!({})).await;
    let run = house.get(&format!("/api/runs/{run}")).await.json();
    assert_eq!(run["state"], "cancelled");
}
