//! A disk with no room left: said in a sentence, nothing half-written, and over once there is room.

use futures_util::future::join_all;
use insta::assert_snapshot;
use steward::db::Db;
use steward::error::{Error, Result};

const LETTER_BYTES: i64 = 20_000;
/// Letters of two megabytes together.
const MANY: u32 = 100;

/// A database whose file may not grow beyond so many pages, as if its disk ended there.
async fn database(pages: u32) -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&dir.path().join("steward.db"), &dir.path().join("backups")).unwrap();
    db.write(|tx| tx.execute("create table letters (body blob not null)", [])).await.unwrap();
    room(&db, pages).await;
    (dir, db)
}

async fn room(db: &Db, pages: u32) {
    let sql = format!("pragma max_page_count = {pages}");
    db.write(move |tx| tx.one(&sql, [], |row| row.get::<_, u32>(0))).await.unwrap();
}

async fn write(db: &Db) -> Result<usize> {
    db.write(|tx| tx.execute("insert into letters values (randomblob(?1))", [LETTER_BYTES])).await
}

async fn count(db: &Db) -> u32 {
    let sql = "select count(*) from letters";
    db.read(move |r| r.one(sql, [], |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_is_said_and_what_was_told_saved_is_saved() {
    let (_dir, db) = database(400).await;
    let mut saved = 0_u32;
    let refused = loop {
        match write(&db).await {
            Ok(_) => saved += 1,
            Err(err) => break err,
        }
    };
    assert_snapshot!(refused.to_string(), @"The disk is full, so nothing was changed. Free some space and try again.");
    assert!(matches!(refused, Error::Outside { .. }));
    assert!(saved > 0);
    assert_eq!(count(&db).await, saved);
    room(&db, 10_000).await;
    write(&db).await.unwrap();
    assert_eq!(count(&db).await, saved + 1);
}

#[tokio::test]
async fn those_who_share_a_commit_are_told_the_truth_each() {
    let (_dir, db) = database(400).await;
    // Many at once share commits; some meet the end of the disk in the middle of one.
    let outcomes = join_all((0..300).map(|_| write(&db))).await;
    let saved = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let full = |outcome: &&Result<usize>| matches!(outcome, Err(Error::Outside { .. }));
    assert_eq!(outcomes.iter().filter(full).count(), outcomes.len() - saved, "all know why");
    assert!(saved < outcomes.len());
    assert_eq!(count(&db).await as usize, saved);
}

/// A change that fails halfway is undone from the pages it touched, however many they were.
#[tokio::test]
async fn a_change_of_many_pages_is_made_whole_or_undone_whole() {
    let (_dir, db) = database(100_000).await;
    for _ in 0..MANY {
        write(&db).await.unwrap();
    }
    let emptied = "update letters set body = zeroblob(?1)";
    let undone = db
        .write(move |tx| {
            tx.execute(emptied, [LETTER_BYTES])?;
            Err::<(), Error>(Error::NotFound("letter"))
        })
        .await;
    assert!(matches!(undone, Err(Error::NotFound("letter"))), "{undone:?}");
    let empty = "select count(*) from letters where body = zeroblob(?1)";
    let empty = async || {
        db.read(move |r| r.one(empty, [LETTER_BYTES], |row| row.get::<_, u32>(0))).await.unwrap()
    };
    assert_eq!(empty().await, 0);
    db.write(move |tx| tx.execute(emptied, [LETTER_BYTES])).await.unwrap();
    assert_eq!(empty().await, MANY);
}
