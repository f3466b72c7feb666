//! Standing rules: a yes that the owner gave beforehand, with a scope and an end.
//!
//! One is made on a card, never from nothing, and answers only what that card asked: what is
//! denied stays denied. [`offered`] says on which cards.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Row;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Approval;
use crate::audit::{self, By, Entry};
use crate::call::{Call, Role};
use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::{Error, Result};
use crate::ids::{StandingRuleId, UserId};

const RULES_MAX: i64 = 200;
const VALUES_BYTES_MAX: usize = 8 * 1024;

/// What a rule holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The tool with the very values of the card; its texts may differ.
    TheseValues,
    /// The tool with any values, in runs that have read nothing from outside.
    ThisTool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    Hour,
    Week,
    /// A year at most: nothing is allowed for ever.
    UntilRevoked,
}

impl Lasts {
    fn end(self, from: Timestamp) -> Timestamp {
        let hours = match self {
            Lasts::Hour => 1,
            Lasts::Week => 7 * 24,
            Lasts::UntilRevoked => 365 * 24,
        };
        from.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(from)
    }
}

/// "…and don't ask again": what an answer may add to a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Always {
    pub scope: Scope,
    pub lasts: Lasts,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub id: StandingRuleId,
    pub tool: String,
    /// The title of the card it was made on.
    pub what: String,
    /// Argument and value; `None`: whatever they are.
    pub bound: Option<Map<String, Value>>,
    pub created_at: Timestamp,
    pub created_by: String,
    pub created_via: String,
    pub expires_at: Option<Timestamp>,
    pub used: u32,
    pub last_used_at: Option<Timestamp>,
}

/// The values that a rule made on this call's card would hold for: those that a wrong one would make
/// harmful. `None`: no rule is offered, for deletion and for money, or because text from outside may
/// have prompted the call.
pub fn offered(call: &Call<'_>, read_outside: bool) -> Option<Map<String, Value>> {
    let values = weighty_values(call);
    let money = values.keys().any(|name| call.role(name) == Some(Role::Amount));
    (!call.destructive && !money && !read_outside).then_some(values)
}

/// The rule among these that allows the call.
pub fn covering<'r>(rules: &'r [Rule], call: &Call<'_>, read_outside: bool) -> Option<&'r Rule> {
    // What is never offered is not allowed by an older rule, either.
    let values = offered(call, false)?;
    rules.iter().find(|rule| match &rule.bound {
        Some(bound) => *bound == values,
        None => !read_outside,
    })
}

fn weighty_values(call: &Call<'_>) -> Map<String, Value> {
    let fields = call.arguments.as_object().into_iter().flatten();
    let weighs = |name: &str| call.role(name).is_none_or(Role::is_critical);
    let given = fields.filter(|(name, value)| !value.is_null() && weighs(name));
    given.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Makes a rule from a card that was just approved as it stood.
pub fn add(tx: &Tx<'_>, approved: &Approval, always: Always, by: &By) -> Result<StandingRuleId> {
    let invalid = |message: String| Error::invalid("always", message);
    let Some(values) = &approved.card.standing else {
        let never = "No rule is made from this: not for what deletes or pays, nor for what text from \
                     outside may have prompted.";
        return Err(invalid(never.to_owned()));
    };
    let count = "select count(*) from standing_rules where user_id = ?1";
    if RULES_MAX <= tx.one(count, [approved.user_id], |row| row.get(0))? {
        return Err(invalid(format!("There are {RULES_MAX} standing rules. Revoke one first.")));
    }
    let bound = match always.scope {
        Scope::TheseValues => Some(json!(values).to_string()),
        Scope::ThisTool => None,
    };
    if bound.as_ref().is_some_and(|values| VALUES_BYTES_MAX < values.len()) {
        return Err(invalid("These values are too long for a rule.".to_owned()));
    }
    let (id, expires_at) = (StandingRuleId::new(by.at), always.lasts.end(by.at));
    let created_by = approved.answered.as_ref().map_or("", |answered| &answered.by);
    tx.execute(
        "insert into standing_rules (id, user_id, tool, what, bound, created_at, created_by,
             created_via, expires_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        rusqlite::params![
            id,
            approved.user_id,
            approved.tool,
            approved.card.what,
            bound,
            by.at.as_millisecond(),
            created_by,
            by.channel,
            expires_at.as_millisecond(),
        ],
    )?;
    let detail = json!({"id": id, "values": bound, "expires_at": expires_at});
    let entry = Entry::new(by, "standing_rules.add", approved.card.what.as_str());
    audit::record(tx, entry.tool(&approved.tool).detail(detail))?;
    Ok(id)
}

/// A user's rules that are in force, newest first.
pub fn list(r: &Reader<'_>, user: UserId, now: Timestamp) -> Result<Vec<Rule>> {
    let sql = "select * from standing_rules
               where user_id = ?1 and (expires_at is null or ?2 < expires_at)
               order by created_at desc, id";
    r.rows(sql, (user, now.as_millisecond()), from_row)
}

/// Those of them for one tool.
pub fn list_for(r: &Reader<'_>, user: UserId, tool: &str, now: Timestamp) -> Result<Vec<Rule>> {
    let sql = "select * from standing_rules
               where user_id = ?1 and tool = ?3 and (expires_at is null or ?2 < expires_at)
               order by bound is null, created_at, id";
    r.rows(sql, (user, now.as_millisecond(), tool), from_row)
}

/// Counts a call that a rule allowed, in the transaction that marks the call as being executed. One
/// that was revoked since the verdict allows nothing.
pub fn count_use(tx: &Tx<'_>, id: StandingRuleId, now: Timestamp) -> Result<()> {
    let sql = "update standing_rules set used = used + 1, last_used_at = ?2
               where id = ?1 and (expires_at is null or ?2 < expires_at)";
    match tx.execute(sql, (id, now.as_millisecond()))? {
        0 => Err(Error::Denied("The standing rule for this was revoked.".to_owned())),
        _ => Ok(()),
    }
}

/// Takes a user's rule out of force; gives the title it had.
pub fn revoke(tx: &Tx<'_>, user: UserId, id: StandingRuleId, by: &By) -> Result<String> {
    let sql = "delete from standing_rules where id = ?1 and user_id = ?2 returning what, tool";
    let both = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let removed = tx.row(sql, (id, user), both)?;
    let (what, tool) = removed.ok_or(Error::NotFound("standing rule"))?;
    let entry = Entry::new(by, "standing_rules.revoke", what.as_str()).tool(&tool);
    audit::record(tx, entry.detail(json!({"id": id})))?;
    Ok(what)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Rule> {
    let bound: Option<String> = row.get("bound")?;
    // What can't be read holds for nothing: no call has a value by this name.
    let unreadable = || Map::from_iter([(String::new(), Value::Null)]);
    Ok(Rule {
        id: row.get("id")?,
        tool: row.get("tool")?,
        what: row.get("what")?,
        bound: bound.map(|text| serde_json::from_str(&text).unwrap_or_else(|_| unreadable())),
        created_at: at(row, "created_at")?,
        created_by: row.get("created_by")?,
        created_via: row.get("created_via")?,
        expires_at: at_or_none(row, "expires_at")?,
        used: row.get("used")?,
        last_used_at: at_or_none(row, "last_used_at")?,
    })
}
