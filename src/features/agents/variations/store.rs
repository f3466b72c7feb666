//! Rows of variations, of what they said, and of whose runs are always theirs.

use jiff::Timestamp;
use rusqlite::Row;

use super::{Assignment, Figures, Input, Subject, Variation};
use crate::db::{Reader, Tx, at, bad_column, json_column};
use crate::error::{Error, Result};
use crate::ids::{AgentId, AssignmentId, VariationId};

const WHOLE: &str = "select variations.*, texts.prompt, texts.model, texts.label
    from variations join variation_texts as texts
         on texts.variation_id = variations.id and texts.version = variations.version
    where deleted_at is null";

/// Those of an agent, the oldest first.
pub fn list(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Variation>> {
    let sql = format!("{WHOLE} and agent_id = ?1 order by variations.rowid");
    let mut found = r.rows(&sql, [agent], from_row)?;
    for variation in &mut found {
        variation.figures = figures(r, variation.id)?;
    }
    Ok(found)
}

pub fn find(r: &Reader<'_>, agent: AgentId, id: VariationId) -> Result<Variation> {
    let sql = format!("{WHOLE} and agent_id = ?1 and id = ?2");
    let found = r.row(&sql, (agent, id), from_row)?.ok_or(Error::NotFound("variation"))?;
    Ok(Variation { figures: figures(r, id)?, ..found })
}

fn figures(r: &Reader<'_>, id: VariationId) -> Result<Figures> {
    let sql = "select count(*), count(rating), coalesce(sum(4 <= rating), 0)
               from runs left join run_feedback on run_feedback.id =
                   (select max(id) from run_feedback where run_id = runs.id)
               where variation_id = ?1 and 0 < variation_version";
    r.one(sql, [id], |row| Ok(Figures { runs: row.get(0)?, rated: row.get(1)?, good: row.get(2)? }))
}

/// Whether another of the agent's has this name.
pub fn name_is_taken(r: &Reader<'_>, it: &Variation) -> Result<bool> {
    let sql = "select exists (select 1 from variations where agent_id = ?1 and id <> ?2
                              and name = ?3 collate nocase and deleted_at is null)";
    r.one(sql, (it.agent_id, it.id, &it.new.name), |row| row.get(0))
}

/// What it says is kept beside what it said before.
pub fn save(tx: &Tx<'_>, it: &Variation, made_by: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into variations (id, agent_id, name, weight, enabled, version, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (id) do update set name = excluded.name, weight = excluded.weight,
             enabled = excluded.enabled, version = excluded.version",
        (
            it.id,
            it.agent_id,
            &it.new.name,
            it.new.weight,
            it.new.enabled,
            it.version,
            it.created_at.as_millisecond(),
        ),
    )?;
    let label = serde_json::to_string(&it.label).map_err(Error::internal)?;
    tx.execute(
        "insert into variation_texts (variation_id, version, prompt, model, label, made_by, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing",
        (it.id, it.version, &it.new.prompt, &it.new.model, label, made_by, now.as_millisecond()),
    )?;
    Ok(())
}

/// Its runs keep what it said; nobody's are its any more.
pub fn delete(tx: &Tx<'_>, id: VariationId, now: Timestamp) -> Result<()> {
    let sql = "update variations set deleted_at = ?2, enabled = 0 where id = ?1";
    tx.execute(sql, (id, now.as_millisecond()))?;
    tx.execute("delete from variation_assignments where variation_id = ?1", [id])?;
    Ok(())
}

/// Everything that may be assigned beside a counterparty: the agent's tasks and triggers, and people.
const SUBJECTS: &str = "
    select 'task' as kind, id as subject, name as title from tasks
    where deleted_at is null and coalesce(agent_id, ?2) = ?1
    union all select 'trigger', id, name from triggers
    where deleted_at is null and agent_id = ?1
    union all select 'user', id, name from users";

/// With their names; `assistant` does the tasks that name no agent.
pub fn subjects(
    r: &Reader<'_>,
    (agent, assistant): (AgentId, AgentId),
    limit: u32,
) -> Result<Vec<(Subject, String)>> {
    let sql = format!("select * from ({SUBJECTS}) limit ?3");
    r.rows(&sql, (agent, assistant, limit), |row| Ok((subject(row)?, row.get("title")?)))
}

/// Those of a variation, each with its name now; "": it is not there any more.
pub fn assignments(
    r: &Reader<'_>,
    whose: (AgentId, AgentId),
    id: VariationId,
) -> Result<Vec<Assignment>> {
    let sql = format!(
        "select it.*, case it.kind when 'counterparty' then it.subject
                                   else coalesce(found.title, '') end as title
         from variation_assignments as it left join ({SUBJECTS}) as found
              on found.kind = it.kind and found.subject = it.subject
         where variation_id = ?3 order by it.rowid"
    );
    r.rows(&sql, (whose.0, whose.1, id), |row| {
        Ok(Assignment {
            id: row.get("id")?,
            subject: subject(row)?,
            title: row.get("title")?,
            created_at: at(row, "created_at")?,
        })
    })
}

/// The name of the variation whose this is already.
pub fn assigned(r: &Reader<'_>, agent: AgentId, subject: &Subject) -> Result<Option<String>> {
    let (kind, value) = subject.pair();
    let sql = "select name from variation_assignments as it
               join variations on variations.id = it.variation_id
               where it.agent_id = ?1 and kind = ?2 and subject = ?3";
    r.row(sql, (agent, kind, value), |row| row.get(0))
}

pub fn assign(
    tx: &Tx<'_>,
    (agent, variation): (AgentId, VariationId),
    (id, subject): (AssignmentId, &Subject),
    now: Timestamp,
) -> Result<()> {
    let (kind, value) = subject.pair();
    let sql = "insert into variation_assignments
                   (id, agent_id, variation_id, kind, subject, created_at)
               values (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.execute(sql, (id, agent, variation, kind, value, now.as_millisecond()))?;
    Ok(())
}

pub fn unassign(tx: &Tx<'_>, id: AssignmentId) -> Result<()> {
    tx.execute("delete from variation_assignments where id = ?1", [id])?;
    Ok(())
}

fn subject(row: &Row<'_>) -> rusqlite::Result<Subject> {
    Subject::of(row.get_ref("kind")?.as_str()?, row.get("subject")?).map_err(bad_column)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Variation> {
    Ok(Variation {
        id: row.get("id")?,
        agent_id: row.get("agent_id")?,
        new: Input {
            name: row.get("name")?,
            weight: row.get("weight")?,
            enabled: row.get("enabled")?,
            prompt: row.get("prompt")?,
            model: row.get("model")?,
        },
        label: json_column(row, "label")?,
        version: row.get("version")?,
        created_at: at(row, "created_at")?,
        figures: Figures::default(),
    })
}
