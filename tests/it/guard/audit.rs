//! The ledger shows whatever was done to it.

use jiff::ToSpan as _;
use proptest::prelude::*;
use serde_json::json;
use steward::audit::{self, Anchors, By, Entry, Filter, Report};
use steward::ids::ConversationId;

use super::{House, by, now};

pub const UNLOCK: &str =
    "drop trigger audit_update; drop trigger audit_delete; drop trigger audit_insert;
    drop trigger audit_stubs_update; drop trigger audit_stubs_delete;";

pub async fn written(lines: i64) -> House {
    let house = House::new().await;
    house
        .write(move |tx| {
            for line in 0..lines {
                let at = now() + (line * 1000).milliseconds();
                let entry = Entry::new(&By::system(at), "notes.create", format!("note {line}"))
                    .tool(if line % 2 == 0 { "notes" } else { "email_send" })
                    .confirmed(line % 3 == 0)
                    .detail(json!({"line": line, "password": "x"}));
                audit::record(tx, entry)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    house
}

async fn verify(house: &House, anchors: Anchors) -> Report {
    let vault = house.vault.clone();
    house
        .db
        .read(move |reader| audit::verify(reader, &vault.stub_key(reader)?, &anchors))
        .await
        .unwrap()
}

async fn purge(house: &House, lines: i64) -> u64 {
    let (vault, before) = (house.vault.clone(), now() + (lines * 1000).milliseconds());
    let by = By::system(now() + 1.hour());
    house.write(move |tx| audit::purge(tx, &vault.stub_key(tx)?, before, &by)).await.unwrap()
}

#[tokio::test]
async fn an_untouched_ledger_is_whole() {
    let house = written(50).await;
    let report = verify(&house, Anchors::default()).await;
    assert_eq!((report.rows, report.purged, report.first_bad), (50, 0, None));
    assert_eq!(report.head.unwrap().seq, 50);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_the_ledger() {
    let house = written(5).await;
    for change in [
        "update audit set target = 'x' where seq = 2",
        "delete from audit where seq = 5",
        "delete from audit",
        "insert or replace into audit select * from audit where seq = 3",
        "update audit set hash = zeroblob(32)",
        "delete from audit_stubs where 1",
    ] {
        let refused = house.tamper(change);
        assert!(refused.is_err() || change.contains("stubs"), "{change}");
    }
    assert_eq!(verify(&house, Anchors::default()).await.first_bad, None);
}

/// Anchors the end of the ledger on some day after the first, as the daily job does.
pub async fn anchored(house: &House, day: i64) -> Anchors {
    let path = house.folder.path().join("audit-anchors.log");
    let (file, later) = (path.clone(), now() + (24 * day).hours());
    let anchor = house
        .db
        .read(move |reader| audit::due_anchor(reader, &audit::read_anchors(&file)?, later))
        .await
        .unwrap();
    let digest = audit::append_anchor(&path, &anchor.expect("it is time"), later).unwrap();
    house.write(move |tx| audit::pin(tx, &digest, &By::system(later))).await.unwrap();
    audit::read_anchors(&path).unwrap()
}

#[tokio::test]
async fn the_end_is_anchored_once_a_day_and_only_after_something_new() {
    let house = written(3).await;
    let due = async |anchors: Anchors, hours: i64| {
        let at = now() + hours.hours();
        house.db.read(move |reader| audit::due_anchor(reader, &anchors, at)).await.unwrap()
    };
    assert_eq!(due(Anchors::default(), 1).await, None, "the house is an hour old");
    assert_eq!(due(Anchors::default(), 24).await.unwrap().seq, 3);
    let anchors = anchored(&house, 1).await;
    assert_eq!(due(anchors.clone(), 72).await, None, "nothing new");
    house.write(|tx| audit::record(tx, Entry::new(&by(), "notes.create", "x"))).await.unwrap();
    assert_eq!(due(anchors.clone(), 25).await, None, "an hour after the last");
    assert_eq!(due(anchors, 48).await.unwrap().seq, 5);
}

#[tokio::test]
async fn a_cut_off_ledger_shows_at_once_and_goes_on_with_a_gap() {
    let house = written(10).await;
    house.tamper(&format!("{UNLOCK} delete from audit where seq > 7")).unwrap();
    let bad = verify(&house, Anchors::default()).await.first_bad.unwrap();
    assert_eq!(
        (bad.seq, bad.what.as_str()),
        (8, "The ledger was cut off: line 10 was there once.")
    );
    house.write(|tx| audit::record(tx, Entry::new(&by(), "notes.create", "new"))).await.unwrap();
    let bad = verify(&house, Anchors::default()).await.first_bad.unwrap();
    assert_eq!((bad.seq, bad.what.as_str()), (8, "Lines 8 to 10 are missing."));
}

#[tokio::test]
async fn a_ledger_that_was_cut_off_and_written_anew_shows_against_its_anchors() {
    let house = written(10).await;
    let anchors = anchored(&house, 1).await;
    assert_eq!(verify(&house, anchors.clone()).await.first_bad, None);
    let cut = format!(
        "{UNLOCK} delete from audit where seq > 7;
         update audit_head set (seq, hash) = (select seq, hash from audit where seq = 7)"
    );
    house.tamper(&cut).unwrap();
    assert_eq!(verify(&house, Anchors::default()).await.first_bad, None, "only the anchor knows");
    let bad = verify(&house, anchors.clone()).await.first_bad.unwrap();
    assert_eq!(
        (bad.seq, bad.what.as_str()),
        (8, "The ledger was cut off: line 10 was there once.")
    );
    for _ in 0..3 {
        house
            .write(|tx| audit::record(tx, Entry::new(&by(), "notes.create", "new")))
            .await
            .unwrap();
    }
    assert_eq!(verify(&house, Anchors::default()).await.first_bad, None);
    let bad = verify(&house, anchors).await.first_bad.unwrap();
    assert_eq!((bad.seq, bad.what.as_str()), (10, "The ledger up to this line was written anew."));
}

#[tokio::test]
async fn a_line_of_anchors_cut_short_by_a_crash_is_no_tampering() {
    let house = written(10).await;
    anchored(&house, 1).await;
    let path = house.folder.path().join("audit-anchors.log");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}2026-11-25T09:0")).unwrap();
    let anchors = audit::read_anchors(&path).unwrap();
    assert_eq!(verify(&house, anchors).await.first_bad, None);
    house.write(|tx| audit::record(tx, Entry::new(&by(), "notes.create", "x"))).await.unwrap();
    let anchors = anchored(&house, 2).await;
    assert_eq!((verify(&house, anchors.clone()).await.first_bad, anchors.lines.len()), (None, 2));
}

#[tokio::test]
async fn purging_leaves_a_chain_that_still_verifies() {
    let house = written(20).await;
    assert_eq!(purge(&house, 8).await, 8);
    assert_eq!(purge(&house, 8).await, 0);
    assert_eq!(purge(&house, 12).await, 4);
    let report = verify(&house, Anchors::default()).await;
    assert_eq!((report.rows, report.purged, report.first_bad), (10, 12, None));
    let refused = house.tamper("delete from audit where seq = 15");
    assert!(refused.is_err(), "a purge opens no door to the rest");

    purge(&house, 100_000).await;
    let report = verify(&house, Anchors::default()).await;
    assert_eq!((report.rows, report.purged, report.first_bad), (1, 22, None));
}

#[tokio::test]
async fn a_forged_purge_shows() {
    let house = written(20).await;
    purge(&house, 8).await;
    let forged = format!(
        "{UNLOCK}
         update audit_stubs set last_seq = 9, last_hash = (select hash from audit where seq = 9);
         delete from audit where seq = 9"
    );
    house.tamper(&forged).unwrap();
    let bad = verify(&house, Anchors::default()).await.first_bad.unwrap();
    assert_eq!((bad.seq, bad.what.as_str()), (1, "The record of a purge was changed or forged."));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_newest_first() {
    let house = written(10).await;
    let list = |filter: Filter, page, per_page| {
        let found = house.db.read(move |reader| audit::list(reader, &filter, page, per_page));
        async {
            let (rows, total) = found.await.unwrap();
            (rows.into_iter().map(|row| row.seq).collect::<Vec<_>>(), total)
        }
    };
    assert_eq!(list(Filter::default(), 2, 3).await, (vec![7, 6, 5], 10));
    let confirmed = Filter { confirmed_only: true, ..Filter::default() };
    assert_eq!(list(confirmed, 1, 50).await, (vec![10, 7, 4, 1], 4));
    let tool = Filter { tool_name: Some("notes".to_owned()), ..Filter::default() };
    assert_eq!(list(tool, 1, 2).await, (vec![9, 7], 5));
    let span = Filter {
        start: Some(now() + 2.seconds()),
        end: Some(now() + 4.seconds()),
        ..Filter::default()
    };
    assert_eq!(list(span, 1, 50).await, (vec![4, 3], 2));
    let none =
        Filter { session_id: Some(ConversationId::new(now()).to_string()), ..Filter::default() };
    assert_eq!(list(none, 1, 50).await, (vec![], 0));
    let (rows, _) =
        house.db.read(|reader| audit::list(reader, &Filter::default(), 1, 1)).await.unwrap();
    assert_eq!(rows[0].detail, json!({"line": 9, "password": "[hidden]"}));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_change_to_a_line_shows(at in 1..=12i64, how in 0..12usize) {
        let changes = [
            format!("update audit set target = target || ' ' where seq = {at}"),
            format!("update audit set happened_at = happened_at + 1 where seq = {at}"),
            format!("update audit set detail = '{{}}' where seq = {at}"),
            format!("update audit set confirmed = case when confirmed then 0 else 1 end where seq = {at}"),
            format!("update audit set confirmed = null where seq = {at}"),
            format!("update audit set task_id = '' where seq = {at}"),
            format!("update audit set tool_name = null, session_id = tool_name where seq = {at}"),
            format!("update audit set actor = 'user' where seq = {at}"),
            format!("update audit set hash = zeroblob(32) where seq = {at}"),
            format!("delete from audit where seq = {at}"),
            format!("update audit set seq = seq + 100 where seq = {at}"),
            format!(
                "update audit set seq = -1 where seq = {0}; update audit set seq = {0} where seq = {1};
                 update audit set seq = {1} where seq = -1", at.min(11), at.min(11) + 1),
        ];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let house = written(12).await;
            house.tamper(&format!("{UNLOCK} {}", changes[how])).unwrap();
            let bad = verify(&house, Anchors::default()).await.first_bad;
            assert!(bad.as_ref().is_some_and(|bad| bad.seq <= at + 1), "{}: {bad:?}", changes[how]);
        });
    }
}
