//! Whatever is done to the ledger, its stubs or its anchors behind the program's back is found.

use jiff::ToSpan as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sha2::{Digest as _, Sha256};
use steward::audit::{self, By, Entry};
use steward::db::Tx;
use steward::error::{Error, Result};

use super::audit::{UNLOCK, anchored, written};
use super::{House, now};

/// `PROPTEST_CASES=10000` tries as many.
const TAMPERINGS: u32 = 300;
const LINES: i64 = 40;
const PURGED: i64 = 12;
const TEXTS: [&str; 11] = [
    "actor",
    "actor_id",
    "action",
    "target",
    "tool_name",
    "session_id",
    "task_id",
    "run_id",
    "decision",
    "channel",
    "detail",
];
const STUB_NUMBERS: [&str; 3] = ["first_seq", "last_seq", "purged_at"];
const STUB_HASHES: [&str; 4] = ["previous_hash", "first_hash", "last_hash", "signature"];

#[derive(Debug, Clone)]
enum Tampering {
    Change {
        at: i64,
        field: usize,
    },
    ChangeHash {
        at: i64,
    },
    Renumber {
        at: i64,
    },
    Drop {
        from: i64,
        to: i64,
    },
    Swap {
        one: i64,
        other: i64,
    },
    SwapContents {
        one: i64,
        other: i64,
    },
    /// The ledger's own note of its end is put right too.
    Truncate {
        after: i64,
        head_too: bool,
    },
    /// Every hash from there on is computed anew, as the program would.
    Rewrite {
        from: i64,
        field: usize,
    },
    ChangeStub {
        stub: usize,
        field: usize,
    },
    DropStub {
        stub: usize,
    },
    ChangeAnchors {
        at: usize,
        byte: u8,
    },
    DropAnchor {
        line: usize,
    },
    CutAnchors {
        bytes: usize,
    },
    LoseAnchors,
}

fn tamperings() -> impl Strategy<Value = Tampering> {
    use Tampering::*;
    let line = || PURGED + 1..LINES + 1;
    let field = || 0..TEXTS.len() + 2;
    let two = || (line(), line()).prop_filter("two different lines", |(one, other)| one != other);
    prop_oneof![
        4 => (line(), field()).prop_map(|(at, field)| Change { at, field }),
        1 => line().prop_map(|at| ChangeHash { at }),
        1 => line().prop_map(|at| Renumber { at }),
        2 => line().prop_map(|at| Drop { from: at, to: at }),
        1 => two().prop_map(|(a, b)| Drop { from: a.min(b), to: a.max(b) }),
        2 => two().prop_map(|(one, other)| Swap { one, other }),
        1 => two().prop_map(|(one, other)| SwapContents { one, other }),
        2 => (line(), any::<bool>()).prop_map(|(after, head_too)| Truncate { after, head_too }),
        2 => (line(), field()).prop_map(|(from, field)| Rewrite { from, field }),
        2 => (0..2_usize, 0..7_usize).prop_map(|(stub, field)| ChangeStub { stub, field }),
        1 => (0..2_usize).prop_map(|stub| DropStub { stub }),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| ChangeAnchors { at, byte }),
        1 => (0..3_usize).prop_map(|line| DropAnchor { line }),
        1 => (1..400_usize).prop_map(|bytes| CutAnchors { bytes }),
        1 => Just(LoseAnchors),
    ]
}

/// A ledger with two purges behind it and three days anchored, whose locks are off.
async fn lived_in() -> House {
    let house = written(LINES).await;
    for lines in [PURGED / 2, PURGED] {
        let (vault, before) = (house.vault.clone(), now() + (lines * 1000).milliseconds());
        let by = By::system(now() + 1.hour());
        house.write(move |tx| audit::purge(tx, &vault.stub_key(tx)?, before, &by)).await.unwrap();
    }
    for day in 1..4 {
        let by = By::system(now() + (24 * day).hours());
        house
            .write(move |tx| audit::record(tx, Entry::new(&by, "notes.create", "x")))
            .await
            .unwrap();
        anchored(&house, day).await;
    }
    house.tamper(UNLOCK).unwrap();
    house
}

/// Tampers, checks, and puts everything back; gives what the check said.
async fn found(house: &House, how: Tampering) -> String {
    let path = house.folder.path().join("audit-anchors.log");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, anchors_after(whole.clone(), &how)).unwrap();
    let vault = house.vault.clone();
    let file = path.clone();
    let rolled_back: Result<()> = house
        .write(move |tx| {
            ledger_after(tx, &how)?;
            let report = audit::verify(tx, &vault.stub_key(tx)?, &audit::read_anchors(&file)?)?;
            Err(Error::Conflict(report.first_bad.map(|bad| bad.what).unwrap_or_default()))
        })
        .await;
    std::fs::write(&path, whole).unwrap();
    match rolled_back.unwrap_err() {
        Error::Conflict(said) => said,
        err => panic!("{err:?}"),
    }
}

fn anchors_after(mut file: Vec<u8>, how: &Tampering) -> Vec<u8> {
    match *how {
        Tampering::ChangeAnchors { at, byte } => {
            let at = at % file.len();
            file[at] = if file[at] == byte { byte ^ 1 } else { byte };
            file
        }
        Tampering::DropAnchor { line } => {
            let lines = file.split_inclusive(|byte| *byte == b'\n').enumerate();
            lines.filter(|(at, _)| *at != line).flat_map(|(_, line)| line.to_vec()).collect()
        }
        Tampering::CutAnchors { bytes } => file[..file.len().saturating_sub(bytes)].to_vec(),
        Tampering::LoseAnchors => Vec::new(),
        _ => file,
    }
}

fn ledger_after(tx: &Tx<'_>, how: &Tampering) -> Result<()> {
    match *how {
        Tampering::Change { at, field } => change(tx, at, field),
        Tampering::ChangeHash { at } => flip(tx, "audit", "hash", "seq", at),
        Tampering::Renumber { at } => {
            run(tx, "update audit set seq = seq + 1000 where seq = ?1", at)
        }
        Tampering::Drop { from, to } => {
            (from..=to).try_for_each(|at| run(tx, "delete from audit where seq = ?1", at))
        }
        Tampering::Swap { one, other } => {
            let renumber = |from: i64, to: i64| {
                tx.execute("update audit set seq = ?2 where seq = ?1", (from, to)).map(drop)
            };
            renumber(one, -1)?;
            renumber(other, one)?;
            renumber(-1, other)
        }
        Tampering::SwapContents { one, other } => swap_contents(tx, one, other),
        Tampering::Truncate { after, head_too } => {
            run(tx, "delete from audit where seq > ?1", after)?;
            if head_too { right_head(tx) } else { Ok(()) }
        }
        Tampering::Rewrite { from, field } => {
            change(tx, from, field)?;
            rehash(tx, from)?;
            right_head(tx)
        }
        Tampering::ChangeStub { stub, field } => {
            let first = stub_first(tx, stub)?;
            match STUB_NUMBERS.get(field) {
                Some(&number) => {
                    let step = if number == "first_seq" { -1 } else { 1 };
                    let sql = format!(
                        "update audit_stubs set {number} = {number} + {step} where first_seq = ?1"
                    );
                    run(tx, &sql, first)
                }
                None => flip(
                    tx,
                    "audit_stubs",
                    STUB_HASHES[field - STUB_NUMBERS.len()],
                    "first_seq",
                    first,
                ),
            }
        }
        Tampering::DropStub { stub } => {
            run(tx, "delete from audit_stubs where first_seq = ?1", stub_first(tx, stub)?)
        }
        _ => Ok(()),
    }
}

fn run(tx: &Tx<'_>, sql: &str, at: i64) -> Result<()> {
    tx.execute(sql, [at]).map(drop)
}

/// Another value that the table accepts.
fn change(tx: &Tx<'_>, at: i64, field: usize) -> Result<()> {
    let to = match TEXTS.get(field) {
        None if field == TEXTS.len() => "happened_at = happened_at + 1".to_owned(),
        None => "confirmed = case confirmed when 1 then 0 else 1 end".to_owned(),
        Some(&"actor") => "actor = case actor when 'user' then 'agent' else 'user' end".to_owned(),
        Some(&"decision") => {
            "decision = case decision when 'go' then 'deny' else 'go' end".to_owned()
        }
        Some(&"detail") => "detail = json_set(detail, '$.more', 1)".to_owned(),
        Some(text) => format!("{text} = coalesce({text}, '') || 'x'"),
    };
    run(tx, &format!("update audit set {to} where seq = ?1"), at)
}

fn flip(tx: &Tx<'_>, table: &str, column: &str, key: &str, at: i64) -> Result<()> {
    let sql = format!("select {column} from {table} where {key} = ?1");
    let mut bytes: Vec<u8> = tx.one(&sql, [at], |row| row.get(0))?;
    bytes[7] ^= 4;
    let sql = format!("update {table} set {column} = ?2 where {key} = ?1");
    tx.execute(&sql, (at, bytes)).map(drop)
}

fn swap_contents(tx: &Tx<'_>, one: i64, other: i64) -> Result<()> {
    let read = |at: i64| {
        let sql = "select happened_at, target, detail, hash from audit where seq = ?1";
        tx.one(sql, [at], |row| {
            let (happened_at, target, detail, hash): (i64, String, String, Vec<u8>) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((happened_at, target, detail, hash))
        })
    };
    let (first, second) = (read(one)?, read(other)?);
    for (at, (happened_at, target, detail, hash)) in [(one, second), (other, first)] {
        let sql = "update audit set happened_at = ?2, target = ?3, detail = ?4, hash = ?5
                   where seq = ?1";
        tx.execute(sql, (at, happened_at, target, detail, hash))?;
    }
    Ok(())
}

fn right_head(tx: &Tx<'_>) -> Result<()> {
    let sql = "update audit_head set (seq, hash) =
                   (select seq, hash from audit order by seq desc limit 1)";
    tx.execute(sql, ()).map(drop)
}

fn stub_first(tx: &Tx<'_>, stub: usize) -> Result<i64> {
    let sql = "select first_seq from audit_stubs order by first_seq limit 1 offset ?1";
    tx.one(sql, [stub as i64], |row| row.get(0))
}

/// What somebody does who knows how lines are hashed.
fn rehash(tx: &Tx<'_>, from: i64) -> Result<()> {
    let sql = "select hash from audit where seq = ?1 - 1
               union all select last_hash from audit_stubs where last_seq = ?1 - 1";
    let mut previous: Vec<u8> = tx.one(sql, [from], |row| row.get(0))?;
    let sql = format!(
        "select seq, happened_at, confirmed, {} from audit where seq >= ?1 order by seq",
        TEXTS.join(", ")
    );
    let lines = tx.rows(&sql, [from], |row| {
        let texts = (3..3 + TEXTS.len()).map(|at| row.get::<_, Option<String>>(at));
        let texts = texts.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<bool>>(2)?, texts))
    })?;
    for (seq, happened_at, confirmed, texts) in lines {
        let (seq, happened_at): (i64, i64) = (seq, happened_at);
        let mut sha = Sha256::new().chain_update(b"steward/audit/1").chain_update(&previous);
        sha.update(seq.to_be_bytes());
        sha.update(happened_at.to_be_bytes());
        sha.update([confirmed.map_or(0, |yes| 1 + u8::from(yes))]);
        for text in &texts {
            sha.update([u8::from(text.is_some())]);
            if let Some(text) = text {
                sha.update((text.len() as u64).to_be_bytes());
                sha.update(text);
            }
        }
        previous = sha.finalize().to_vec();
        tx.execute("update audit set hash = ?2 where seq = ?1", (seq, &previous))?;
    }
    Ok(())
}

#[test]
fn whatever_is_done_to_the_ledger_is_found() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let house = runtime.block_on(lived_in());
    let cases = Config::default().cases.max(TAMPERINGS);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let tampered = TestRunner::new(config).run(&tamperings(), |how| {
        let said = runtime.block_on(found(&house, how));
        prop_assert!(!said.is_empty(), "not found");
        Ok(())
    });
    tampered.unwrap();
}

#[test]
fn without_any_tampering_nothing_is_found() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let house = lived_in().await;
        assert_eq!(found(&house, Tampering::CutAnchors { bytes: 0 }).await, "");
        // The right hashes over what was there before: the tests know how lines are hashed.
        let rehashed = house.write(|tx| rehash(tx, PURGED + 1)).await;
        rehashed.unwrap();
        assert_eq!(found(&house, Tampering::CutAnchors { bytes: 0 }).await, "");
    });
}
