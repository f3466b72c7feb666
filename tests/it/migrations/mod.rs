//! The schema: each step runs on a house that was lived in, and nothing written before is lost.

mod samples;

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::Value;
use samples::SAMPLES;
use steward::db::migrate;

/// Columns and rows of each table.
type House = BTreeMap<String, (Vec<String>, Vec<Vec<Value>>)>;

#[test]
fn every_step_keeps_what_was_there() {
    let mut conn = Connection::open_in_memory().unwrap();
    let mut before = House::new();
    for upto in 1..=migrate::STEPS.len() {
        migrate::run_to(&mut conn, upto).unwrap();
        let (name, _) = migrate::STEPS[upto - 1];
        for (table, (columns, rows)) in &before {
            let now = rows_of(&conn, table, columns);
            let lost: Vec<_> = rows.iter().filter(|row| !now.contains(row)).collect();
            assert!(lost.is_empty(), "{name} loses of {table}: {lost:?}");
        }
        if let Some((_, rows)) = SAMPLES.iter().find(|(step, _)| *step == name) {
            conn.execute_batch(rows).unwrap_or_else(|err| panic!("{name}: {err}"));
        }
        assert_eq!(dangling(&conn), [""; 0], "{name}");
        before = house(&conn);
    }
    let bare: Vec<&String> =
        before.iter().filter(|(_, (_, rows))| rows.is_empty()).map(|(table, _)| table).collect();
    assert!(bare.is_empty(), "{bare:?} have no sample rows");
}

#[test]
fn a_house_that_was_lived_in_works_after_the_last_step() {
    let mut conn = Connection::open_in_memory().unwrap();
    for upto in 1..=migrate::STEPS.len() {
        migrate::run_to(&mut conn, upto).unwrap();
        let (name, _) = migrate::STEPS[upto - 1];
        for (_, rows) in SAMPLES.iter().filter(|(step, _)| *step == name) {
            conn.execute_batch(rows).unwrap();
        }
    }
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("select count(*) from messages_text where messages_text match 'boiler'"), 1);
    assert_eq!(count("select count(*) from notes_text where notes_text match 'serviced'"), 1);
    assert_eq!(count("select count(*) from audit_head join audit using (seq, hash)"), 1);
    assert_eq!(count("select count(*) from runs where user_id = 'u1'"), 3);
    assert_eq!(count("select said from counterparties where user_id = 'u1'"), 1);
    assert_eq!(count("select input_tokens from agent_usage where agent_id = 'a1'"), 10);
    let twice = "insert into executions (id, task_id, kind, slot_at, state, created_at)
                 values ('e2', 'k1', 'slot', 1, 'due', 1)";
    assert!(conn.execute_batch(twice).is_err(), "a slot has one row");
    let twice = "insert into deliveries (id, trigger_id, event_id, state, bytes, received_at)
                 values ('d2', 'g1', 'm1', 'due', 2, 1)";
    assert!(conn.execute_batch(twice).is_err(), "an id is let in once");
    for lie in ["update audit set target = ''", "delete from audit", "delete from audit_stubs"] {
        assert!(conn.execute_batch(lie).is_err(), "{lie}");
    }
}

#[test]
fn a_row_that_points_nowhere_is_seen() {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate::run_to(&mut conn, 1).unwrap();
    conn.execute_batch("pragma foreign_keys = off").unwrap();
    let lost = "insert into known_devices (hash, user_id, seen_at) values (x'03', 'nobody', 1)";
    conn.execute_batch(lost).unwrap();
    assert_eq!(dangling(&conn), ["known_devices points at no users"]);
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

fn house(conn: &Connection) -> House {
    let tables = "select name from pragma_table_list
                  where schema = 'main' and type = 'table' and name not like 'sqlite_%'";
    let tables = texts(conn, tables);
    tables
        .into_iter()
        .map(|table| {
            let columns = texts(conn, &format!("select name from pragma_table_info('{table}')"));
            let rows = rows_of(conn, &table, &columns);
            (table, (columns, rows))
        })
        .collect()
}

fn rows_of(conn: &Connection, table: &str, columns: &[String]) -> Vec<Vec<Value>> {
    let mut query = conn.prepare(&format!("select {} from {table}", columns.join(", "))).unwrap();
    let row = |row: &rusqlite::Row<'_>| (0..columns.len()).map(|at| row.get(at)).collect();
    query.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn dangling(conn: &Connection) -> Vec<String> {
    texts(conn, "select \"table\" || ' points at no ' || parent from pragma_foreign_key_check")
}

fn texts(conn: &Connection, sql: &str) -> Vec<String> {
    let mut query = conn.prepare(sql).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
