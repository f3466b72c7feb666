//! Which variation of its agent a run is of: chosen once, when it begins.

use sha2::{Digest as _, Sha256};

use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{AgentId, RunId, VariationId};

/// One that a run may be of.
struct Choice {
    id: VariationId,
    weight: u32,
    version: u32,
}

/// Writes down what the run is of: what is assigned to whose it is, else what was asked for by name,
/// else what its conversation had before, else one by weight. A run that was begun keeps what it has.
pub fn choose(tx: &Tx<'_>, run: RunId) -> Result<()> {
    let sql = "select agent_id from runs where id = ?1 and variation_version is null";
    let Some(agent) = tx.row(sql, [run], |row| row.get(0))? else { return Ok(()) };
    let choices = choices(tx, agent)?;
    let known = |id: VariationId| choices.iter().find(|it| it.id == id);
    let chosen = match choices.is_empty() {
        true => None,
        false => bound(tx, run)?.into_iter().find_map(known).or_else(|| by_weight(&choices, run)),
    };
    let sql = "update runs set variation_id = ?2, variation_version = ?3 where id = ?1";
    tx.execute(sql, (run, chosen.map(|it| it.id), chosen.map_or(0, |it| it.version)))?;
    Ok(())
}

fn choices(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Choice>> {
    let sql = "select id, weight, version from variations
               where agent_id = ?1 and enabled = 1 and deleted_at is null order by id";
    r.rows(sql, [agent], |row| {
        Ok(Choice { id: row.get(0)?, weight: row.get(1)?, version: row.get(2)? })
    })
}

/// What the run should be of whatever the weights are, the strongest first: the narrower of two
/// assignments goes before the wider.
fn bound(r: &Reader<'_>, run: RunId) -> Result<Vec<VariationId>> {
    let sql = "
        with mine as (
            select runs.rowid as place, runs.agent_id, runs.variation_id, runs.conversation_id,
                   task_id, trigger_id, counterparty, conversations.user_id
            from runs join conversations on conversations.id = runs.conversation_id
            where runs.id = ?1),
        bound (variation_id, strength) as (
            select it.variation_id, case it.kind when 'task' then 1 when 'trigger' then 2
                                                 when 'counterparty' then 3 else 4 end
            from mine join variation_assignments as it on it.agent_id = mine.agent_id
                 and it.subject = case it.kind when 'task' then task_id
                                               when 'trigger' then trigger_id
                                               when 'counterparty' then nullif(counterparty, '')
                                               else user_id end
            union all select variation_id, 5 from mine
            union all select * from (
                select runs.variation_id, 6
                from mine join runs on runs.conversation_id = mine.conversation_id
                                       and runs.agent_id = mine.agent_id
                where 0 < runs.variation_version order by runs.rowid desc limit 1))
        select variation_id from bound where variation_id is not null order by strength";
    r.rows(sql, [run], |row| row.get(0))
}

/// The same for the same run, however often it is asked.
fn by_weight(choices: &[Choice], run: RunId) -> Option<&Choice> {
    let total: u64 = choices.iter().map(|it| u64::from(it.weight)).sum();
    let digest = Sha256::digest(run.to_string());
    let (first, _) = digest.split_first_chunk()?;
    let mut place = u64::from_be_bytes(*first).checked_rem(total)?;
    choices.iter().find(|it| {
        let inside = place < u64::from(it.weight);
        place = place.saturating_sub(u64::from(it.weight));
        inside
    })
}

/// One that is switched on, by its name or its id.
pub fn named(r: &Reader<'_>, agent: AgentId, name: &str) -> Result<VariationId> {
    let sql = "select id from variations
               where agent_id = ?1 and enabled = 1 and deleted_at is null
                     and (id = ?2 or name = ?2 collate nocase)";
    let found = r.row(sql, (agent, name.trim()), |row| row.get(0))?;
    found.ok_or_else(|| {
        let message = format!("{name:?} is no variation of this agent that is switched on.");
        Error::invalid("variation", message)
    })
}
