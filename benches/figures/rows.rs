//! Rows in great number: copies of one that the program wrote itself.

use std::ops::Range;

use steward::db::Db;

use crate::house::House;

/// Copies written in one transaction.
const BATCH: usize = 20_000;

/// What is copied: a table with a UUID for its key, and the condition whose oldest row is the one.
pub struct Copies {
    pub table: &'static str,
    pub from: &'static str,
}

/// A UUID that differs from the one in this column by the copy's number, `i`.
pub fn numbered(column: &str) -> String {
    format!("printf('%s%08x', substr({column}, 1, 28), i)")
}

impl Copies {
    /// Copies with these numbers. `set`: columns that are not as in the first, as expressions of its
    /// columns and `i`; the key always is the first's, [`numbered`].
    pub async fn make(&self, db: &Db, numbers: Range<usize>, set: &[(&str, String)]) {
        let (names, values) = self.columns(db, set).await;
        let sql = format!(
            "with recursive numbers (i) as (
                 select ?1 union all select i + 1 from numbers where i + 1 < ?2)
             insert into {0} ({names}) select {values} from numbers, (select * from {0} where {1} order by rowid limit 1)",
            self.table, self.from,
        );
        for begin in numbers.clone().step_by(BATCH) {
            let (sql, end) = (sql.clone(), numbers.end.min(begin + BATCH));
            let (begin, end) = (begin as i64, end as i64);
            db.write(move |tx| tx.execute(&sql, (begin, end))).await.unwrap();
        }
    }

    async fn columns(&self, db: &Db, set: &[(&str, String)]) -> (String, String) {
        let sql = "select name from pragma_table_info(?1)";
        let table = self.table;
        let names = db.read(move |r| r.rows(sql, [table], |row| row.get::<_, String>(0)));
        let names = names.await.unwrap();
        let value = |name: &String| match set.iter().find(|(column, _)| column == name) {
            Some((_, value)) => value.clone(),
            None if name == "id" => numbered("id"),
            None => name.clone(),
        };
        let values: Vec<String> = names.iter().map(value).collect();
        (names.join(", "), values.join(", "))
    }
}

/// The one number that a query gives, of the house's file.
pub fn count(house: &House, sql: &str) -> usize {
    let file = rusqlite::Connection::open(house.data().join("steward.db")).unwrap();
    let count = file.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    usize::try_from(count).unwrap()
}
