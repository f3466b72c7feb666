//! The schema: each step runs on a house that was lived in, and nothing written before is lost.

use rusqlite::Connection;
use steward::db::migrate;

/// Rows that a house of that age has. A step that can't keep them fails here.
const SAMPLES: &[(&str, &str)] = &[
    (
        "0001_users",
        "insert into users (id, name, name_key, password_hash, role, created_at)
             values ('u1', 'Ada', 'ada', 'x', 'admin', 1);
         insert into settings (key, value, updated_at) values ('owner.language', 'de', 1);",
    ),
    (
        "0003_runs",
        "insert into agents (id, name, created_at) values ('a1', 'Steward', 1);
         insert into conversations (id, user_id, agent_id, channel, created_at, updated_at)
             values ('c1', 'u1', 'a1', 'web', 1, 1);
         insert into messages (id, conversation_id, role, text, label, created_at)
             values ('m1', 'c1', 'user', 'the boiler was serviced', '{}', 1);
         insert into runs (id, agent_id, conversation_id, trigger, headless, state, queued_at)
             values ('r1', 'a1', 'c1', '{}', 0, 'waiting', 1);
         insert into tool_calls (id, run_id, message_id, position, wire_id, tool, arguments, state,
                                 proposed_at)
             values ('t1', 'r1', 'm1', 0, 'w1', 'files_delete', '{}', 'waiting', 1);
         insert into events (conversation_id, seq, run_id, body, created_at)
             values ('c1', 2, 'r1', '{}', 2), ('c1', 1, 'r1', '{}', 1);",
    ),
    (
        "0025_tasks",
        "insert into tasks (id, user_id, name, prompt, schedule, zone, state, missed, overlap, notify,
                            label, anchor_at, next_slot_at, next_fire_at, created_at, updated_at)
             values ('k1', 'u1', 'Morning', 'status', '@daily', 'UTC', 'on', 'once', 'skip', 'never',
                     '{}', 1, 2, 2, 1, 1);
         insert into executions (id, task_id, kind, slot_at, state, run_id, created_at)
             values ('e1', 'k1', 'slot', 1, 'started', 'r1', 1);",
    ),
    (
        "0034_webhooks",
        "insert into triggers (id, user_id, agent_id, kind, name, prompt, state, label, created_at,
                               updated_at)
             values ('g1', 'u1', 'a1', 'webhook', 'Push', 'status', 'on', '{}', 1, 1);
         insert into webhooks (trigger_id, auth) values ('g1', 'standard');
         insert into deliveries (id, trigger_id, event_id, state, bytes, run_id, received_at)
             values ('d1', 'g1', 'm1', 'started', 2, 'r1', 1);",
    ),
];

#[test]
fn every_step_keeps_what_was_there() {
    let mut conn = Connection::open_in_memory().unwrap();
    for upto in 1..=migrate::STEPS.len() {
        migrate::run_to(&mut conn, upto).unwrap();
        let (name, _) = migrate::STEPS[upto - 1];
        if let Some((_, rows)) = SAMPLES.iter().find(|(step, _)| *step == name) {
            conn.execute_batch(rows).unwrap_or_else(|err| panic!("{name}: {err}"));
        }
    }
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("select count(*) from users"), 1);
    assert_eq!(count("select count(*) from tool_calls where state = 'waiting'"), 1);
    assert_eq!(count("select count(*) from messages_text where messages_text match 'boiler'"), 1);
    assert_eq!(count("select count(*) from events where conversation_id = 'c1' and seq < 3"), 2);
    assert_eq!(count("select count(*) from executions join tasks on tasks.id = task_id"), 1);
    let twice = "insert into executions (id, task_id, kind, slot_at, state, created_at)
                 values ('e2', 'k1', 'slot', 1, 'due', 1)";
    assert!(conn.execute_batch(twice).is_err(), "a slot has one row");
    assert_eq!(
        count("select count(*) from deliveries join triggers on triggers.id = trigger_id"),
        1
    );
    let twice = "insert into deliveries (id, trigger_id, event_id, state, bytes, received_at)
                 values ('d2', 'g1', 'm1', 'due', 2, 1)";
    assert!(conn.execute_batch(twice).is_err(), "an id is let in once");
    conn.execute_batch("pragma foreign_key_check").unwrap();
}

#[test]
fn every_sample_names_a_step() {
    for (name, _) in SAMPLES {
        assert!(migrate::STEPS.iter().any(|(step, _)| step == name), "{name} is no step");
    }
}

#[test]
fn a_house_is_copied_before_its_schema_changes_and_a_newer_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let mut conn = Connection::open(folder.path().join("steward.db")).unwrap();
    migrate::run_to(&mut conn, 1).unwrap();
    conn.execute_batch(SAMPLES[0].1).unwrap();
    migrate::run(&mut conn, &backups).unwrap();
    let copies: Vec<_> = std::fs::read_dir(&backups).unwrap().map(|copy| copy.unwrap()).collect();
    assert_eq!(copies.len(), 1);
    let copy = Connection::open(copies[0].path()).unwrap();
    let users: i64 = copy.query_row("select count(*) from users", [], |row| row.get(0)).unwrap();
    assert_eq!(users, 1);

    conn.pragma_update(None, "user_version", i64::try_from(migrate::STEPS.len() + 1).unwrap())
        .unwrap();
    let refused = migrate::run(&mut conn, &backups).unwrap_err().to_string();
    assert!(refused.starts_with("This database was written by a newer Steward"), "{refused}");
}
