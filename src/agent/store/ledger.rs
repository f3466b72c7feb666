//! Who pays for a model call, and what was paid. Whoever had another agent work pays with it.

use jiff::Timestamp;

use super::runs::ModelCall;
use crate::agent::Left;
use crate::agent::caps::Spender;
use crate::db::{Reader, Tx, at};
use crate::error::{Error, Result};
use crate::ids::{AgentId, ConversationId, RunId, TaskId};

const ONE_HOLDS_IT: &str = "A run before this one has not ended, and what is left of the budget is for \
    it. Go on when it has.";

/// The agent `?1` and those whose runs stand above the run `?2`.
const LINE: &str = "with recursive line (agent, parent, depth) as (
    select ?1, (select parent_run_id from runs where id = ?2), 0 union all
    select runs.agent_id, runs.parent_run_id, depth + 1
    from line join runs on runs.id = line.parent)";

/// Those who pay for what an agent asks in a run, itself first; each once.
pub fn spenders(r: &Reader<'_>, agent: AgentId, run: Option<RunId>) -> Result<Vec<Spender>> {
    let sql = format!(
        "{LINE} select agents.*, min(depth) as place from line join agents on agents.id = agent
         group by agents.id order by place"
    );
    r.rows(&sql, (agent, run), |row| {
        let name: String = row.get("name")?;
        Ok(Spender {
            agent: row.get("id")?,
            whose: match row.get("place")? {
                0 => "This agent's".to_owned(),
                _ => format!("{name}'s"),
            },
            daily: row.get("daily_spend_usd_micros")?,
            today: 0,
            left: Left {
                tokens: row.get("balance_tokens")?,
                usd_micros: row.get("balance_usd_micros")?,
            },
        })
    })
}

/// What an agent has no budget for is not counted down.
pub fn charge(tx: &Tx<'_>, call: &ModelCall<'_>) -> Result<()> {
    let tokens = call.usage.input_tokens.saturating_add(call.usage.output_tokens);
    let sql = format!(
        "{LINE} update agents set balance_tokens = balance_tokens - ?3,
                                  balance_usd_micros = balance_usd_micros - ?4
         where id in (select agent from line)
               and coalesce(balance_tokens, balance_usd_micros) is not null"
    );
    let cost = call.cost_usd_micros.unwrap_or(0).cast_signed();
    tx.execute(&sql, (call.agent_id, call.run_id, tokens.cast_signed(), cost))?;
    Ok(())
}

/// What one model call cost, in micro-dollars.
pub struct Cost {
    /// Those who paid for it.
    pub agents: Vec<AgentId>,
    pub task_id: Option<TaskId>,
    pub usd_micros: i64,
    pub at: Timestamp,
}

/// The number of the last call that was counted; 0: there is none.
pub fn newest_call(r: &Reader<'_>) -> Result<i64> {
    r.one("select coalesce(max(id), 0) from model_calls", (), |row| row.get(0))
}

/// What the calls cost that were counted after the row `after`, since `since` and before `until`; 0: none
/// is known yet. What a clock that ran ahead left behind may lie after `until`.
pub fn list_costs(
    r: &Reader<'_>,
    after: i64,
    (since, until): (Timestamp, Timestamp),
) -> Result<Vec<Cost>> {
    let (since, until) = (since.as_millisecond(), until.as_millisecond());
    let after = match after {
        0 => {
            // Without the plus all rows are passed by in their order, where there is none since then.
            let sql = "select min(+id) from model_calls where created_at >= ?1 and created_at < ?2";
            match r.one(sql, (since, until), |row| row.get::<_, Option<i64>>(0))? {
                Some(first) => first - 1,
                None => return Ok(Vec::new()),
            }
        }
        after => after,
    };
    let sql = "select model_calls.agent_id, model_calls.created_at,
                      coalesce(cost_usd_micros, 0) as cost,
                      json_extract(root.trigger, '$.task_id') as task_id,
                      iif(runs.parent_run_id is null, null, runs.id) as begun
               from model_calls left join runs on runs.id = model_calls.run_id
                    left join runs as root on root.id = coalesce(runs.root_run_id, runs.id)
               where model_calls.id > ?1 and model_calls.created_at >= ?2
                     and model_calls.created_at < ?3
               order by model_calls.id";
    let costs = r.rows(sql, (after, since, until), |row| {
        let cost = Cost {
            agents: row.get::<_, Option<AgentId>>("agent_id")?.into_iter().collect(),
            task_id: row.get("task_id")?,
            usd_micros: row.get("cost")?,
            at: at(row, "created_at")?,
        };
        Ok((cost, row.get("begun")?))
    })?;
    let paid = costs.into_iter().map(|(mut cost, begun): (Cost, Option<RunId>)| {
        if let (Some(agent), Some(run)) = (cost.agents.first(), begun) {
            cost.agents = payers(r, *agent, run)?;
        }
        Ok(cost)
    });
    paid.collect()
}

fn payers(r: &Reader<'_>, agent: AgentId, run: RunId) -> Result<Vec<AgentId>> {
    let sql = format!("{LINE} select distinct agent from line");
    r.rows(&sql, (agent, run), |row| row.get(0))
}

/// Spent by a run and all that it began, in micro-dollars.
pub fn spent_by(r: &Reader<'_>, root: RunId) -> Result<i64> {
    let sql = "select coalesce(sum(cost_usd_micros), 0) from model_calls
               where run_id = ?1 or run_id in (select id from runs where root_run_id = ?1)";
    r.one(sql, [root], |row| row.get(0))
}

/// What is left of the budget `all` of a run for one that goes on with it: what those of its conversation
/// spent since, with all that they had others do, is gone, and one that has not ended has the rest.
pub fn rest_of(
    r: &Reader<'_>,
    (conversation, run): (ConversationId, RunId),
    all: i64,
) -> Result<i64> {
    let sql = "with since (id, state, bound) as (
                   select id, state, budget_usd_micros is not null from runs
                   where conversation_id = ?1
                         and rowid >= (select rowid from runs where id = ?2))
               select (select count(*) from since
                       where state in ('queued', 'running', 'waiting') and bound) as open,
                      (select coalesce(sum(cost_usd_micros), 0) from model_calls
                       where run_id in (select id from since)
                             or run_id in (select id from runs
                                           where root_run_id in (select id from since))) as spent";
    let (open, spent): (u32, i64) =
        r.one(sql, (conversation, run), |row| Ok((row.get("open")?, row.get("spent")?)))?;
    if 0 < open {
        return Err(Error::Conflict(ONE_HOLDS_IT.to_owned()));
    }
    Ok(all.saturating_sub(spent).max(0))
}
