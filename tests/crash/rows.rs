//! The rows that a house left behind, read once it is closed.

use std::path::Path;

use rusqlite::Connection;

pub struct Rows(Connection);

/// A message of the owner's, with the run that it woke and that run's answers.
pub struct Turn {
    pub words: String,
    pub runs: Vec<(String, String)>,
    pub answers: Vec<String>,
    /// What the person was told of a run that failed.
    pub why: Option<String>,
}

/// A tool call.
#[derive(Debug)]
pub struct Call {
    pub id: String,
    pub run: String,
    pub tool: String,
    pub text: String,
    pub state: String,
    pub result: String,
    pub run_failed: bool,
}

/// What another program delivered, with the states of the runs that it woke.
pub struct Delivered {
    pub event: String,
    pub state: String,
    pub runs: Vec<String>,
}

/// A slot of a task, in milliseconds since 1970.
pub struct Slot {
    pub at: i64,
    pub until: i64,
    pub state: String,
    pub run_state: Option<String>,
}

impl Rows {
    pub fn open(file: &Path) -> Rows {
        Rows(Connection::open(file).unwrap())
    }

    fn list<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut statement = self.0.prepare(sql).unwrap();
        statement.query_map(params, map).unwrap().map(Result::unwrap).collect()
    }

    /// What SQLite finds wrong with the file; "ok" is nothing.
    pub fn integrity(&self) -> String {
        self.list("pragma integrity_check", (), |row| row.get::<_, String>(0)).join("; ")
    }

    pub fn turns(&self) -> Vec<Turn> {
        let sql = "select id, text from messages where role = 'user' and text like 'Please: %'
                   and conversation_id in (select id from conversations
                                           where task_id is null and trigger_id is null)";
        let messages = self.list(sql, (), |row| Ok((row.get(0)?, row.get(1)?)));
        messages.into_iter().map(|(id, words)| self.turn(id, words)).collect()
    }

    fn turn(&self, message: String, words: String) -> Turn {
        let sql = "select id, state from runs where json_extract(trigger, '$.message_id') = ?1";
        let runs: Vec<(String, String)> =
            self.list(sql, [&message], |row| Ok((row.get(0)?, row.get(1)?)));
        let sql = "select text from messages where run_id = ?1 and role = 'assistant' order by seq";
        let answers = runs.iter().flat_map(|(run, _)| self.list(sql, [run], |row| row.get(0)));
        let answers = answers.collect();
        let sql = "select body ->> 'message' from events join runs on runs.id = run_id
                   where body ->> 'type' = 'error' and state = 'failed'
                     and json_extract(trigger, '$.message_id') = ?1";
        let why = self.list(sql, [&message], |row| row.get(0)).pop();
        Turn { words, answers, runs, why }
    }

    pub fn calls(&self) -> Vec<Call> {
        let sql = "select id, tool, state, coalesce(result, ''),
                          coalesce(arguments ->> 'text', arguments ->> 'content',
                                   arguments ->> 'query'),
                          (select runs.state = 'failed' from runs where runs.id = run_id), run_id
                   from tool_calls";
        self.list(sql, (), |row| {
            let (id, tool, state) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (result, text) = (row.get(3)?, row.get(4)?);
            let (run_failed, run) = (row.get(5)?, row.get(6)?);
            Ok(Call { id, run, tool, state, result, text, run_failed })
        })
    }

    /// Each note's text.
    pub fn notes(&self) -> Vec<String> {
        self.list("select content from notes", (), |row| row.get(0))
    }

    /// How many audit lines say what came of this call.
    pub fn audited(&self, call: &str) -> usize {
        let sql = "select 1 from audit
                   where action = 'tools.call' and detail ->> 'call_id' = ?1";
        self.list(sql, [call], |_| Ok(())).len()
    }

    /// It failed several times in a row, and a person was told.
    pub fn is_paused(&self, task: &str) -> bool {
        let sql = "select state from tasks where id = ?1";
        self.list(sql, [task], |row| row.get::<_, String>(0)) == ["paused"]
    }

    /// Something is at work, or will be by itself.
    pub fn open_work(&self) -> usize {
        let sql = "select 1 from runs where state in ('queued', 'running')
                   union all
                   select 1 from tool_calls where state = 'waiting' and held_until is not null
                   union all
                   select 1 from executions where state in ('due', 'started')
                   union all
                   select 1 from deliveries where state in ('due', 'started')";
        self.list(sql, (), |_| Ok(())).len()
    }

    pub fn deliveries(&self, trigger: &str) -> Vec<Delivered> {
        let sql = "select id, event_id, state from deliveries where trigger_id = ?1";
        let rows: Vec<(String, String, String)> =
            self.list(sql, [trigger], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let sql = "select state from runs where json_extract(trigger, '$.delivery_id') = ?1";
        let told = |(id, event, state): (String, String, String)| {
            let runs = self.list(sql, [id], |row| row.get(0));
            Delivered { event, state, runs }
        };
        rows.into_iter().map(told).collect()
    }

    /// Those of a task, in order.
    pub fn slots(&self, task: &str) -> Vec<Slot> {
        let sql = "select slot_at, coalesce(until_at, slot_at), executions.state, runs.state
                   from executions left join runs on runs.id = run_id
                   where executions.task_id = ?1 and kind = 'slot' order by slot_at";
        self.list(sql, [task], |row| {
            let (at, until) = (row.get(0)?, row.get(1)?);
            Ok(Slot { at, until, state: row.get(2)?, run_state: row.get(3)? })
        })
    }
}
