//! The schema, one step a file. Append only: a step that was released never changes.

use std::path::Path;

use anyhow::{Context as _, bail};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

pub const STEPS: &[(&str, &str)] = &[
    ("0001_users", include_str!("schema/0001_users.sql")),
    ("0002_guard", include_str!("schema/0002_guard.sql")),
    ("0003_runs", include_str!("schema/0003_runs.sql")),
    ("0010_reminders", include_str!("schema/0010_reminders.sql")),
    ("0011_notes", include_str!("schema/0011_notes.sql")),
    ("0012_notifications", include_str!("schema/0012_notifications.sql")),
    ("0013_files", include_str!("schema/0013_files.sql")),
    ("0014_models", include_str!("schema/0014_models.sql")),
    ("0015_idempotency", include_str!("schema/0015_idempotency.sql")),
    ("0016_vault", include_str!("schema/0016_vault.sql")),
    ("0017_intents", include_str!("schema/0017_intents.sql")),
    ("0018_models_off", include_str!("schema/0018_models_off.sql")),
    ("0019_mcp", include_str!("schema/0019_mcp.sql")),
    ("0020_opened_sites", include_str!("schema/0020_opened_sites.sql")),
    ("0021_standing_rules", include_str!("schema/0021_standing_rules.sql")),
    ("0022_screening", include_str!("schema/0022_screening.sql")),
    ("0023_refusals", include_str!("schema/0023_refusals.sql")),
    ("0025_tasks", include_str!("schema/0025_tasks.sql")),
    ("0026_holds", include_str!("schema/0026_holds.sql")),
    ("0027_runs", include_str!("schema/0027_runs.sql")),
    ("0028_agents", include_str!("schema/0028_agents.sql")),
    ("0029_line", include_str!("schema/0029_line.sql")),
    ("0030_sub_agents", include_str!("schema/0030_sub_agents.sql")),
    ("0031_search", include_str!("schema/0031_search.sql")),
    ("0032_events", include_str!("schema/0032_events.sql")),
    ("0033_outbox", include_str!("schema/0033_outbox.sql")),
    ("0034_webhooks", include_str!("schema/0034_webhooks.sql")),
    ("0035_monitors", include_str!("schema/0035_monitors.sql")),
    ("0036_chats", include_str!("schema/0036_chats.sql")),
    ("0037_counterparties", include_str!("schema/0037_counterparties.sql")),
    ("0038_unasked_runs", include_str!("schema/0038_unasked_runs.sql")),
    ("0039_variations", include_str!("schema/0039_variations.sql")),
    ("0040_agent_files", include_str!("schema/0040_agent_files.sql")),
    ("0041_memory_layers", include_str!("schema/0041_memory_layers.sql")),
    ("0042_groups", include_str!("schema/0042_groups.sql")),
    ("0043_proposed_tasks", include_str!("schema/0043_proposed_tasks.sql")),
    ("0045_changes", include_str!("schema/0045_changes.sql")),
    ("0046_sums", include_str!("schema/0046_sums.sql")),
    ("0047_failing", include_str!("schema/0047_failing.sql")),
    ("0048_provider_calls", include_str!("schema/0048_provider_calls.sql")),
    ("0049_triggers_kept", include_str!("schema/0049_triggers_kept.sql")),
    ("0050_listings", include_str!("schema/0050_listings.sql")),
    ("0051_task_changes", include_str!("schema/0051_task_changes.sql")),
    ("0052_batches", include_str!("schema/0052_batches.sql")),
    ("0053_secret_answers", include_str!("schema/0053_secret_answers.sql")),
];

/// Brings the schema up to date; copies the database first when it already held something.
pub fn run(conn: &mut Connection, backups: &Path) -> anyhow::Result<()> {
    let done: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = done as usize;
    if STEPS.len() < done {
        bail!(
            "This database was written by a newer Steward (schema {done}; this one knows {}). \
             Install that version, or restore a backup made by this one.",
            STEPS.len()
        );
    }
    if STEPS.len() == done {
        return Ok(());
    }
    if done > 0 {
        copy_first(conn, backups, done)?;
    }
    run_to(conn, STEPS.len())
}

/// Runs the first `steps` steps, as far as they were not run before.
pub fn run_to(conn: &mut Connection, steps: usize) -> anyhow::Result<()> {
    let all = STEPS.iter().map(|(_, sql)| M::up(sql)).collect();
    Migrations::new(all).to_version(conn, steps).context("The database can't be brought up to date")
}

fn copy_first(conn: &Connection, backups: &Path, done: usize) -> anyhow::Result<()> {
    std::fs::create_dir_all(backups)
        .with_context(|| format!("The folder {} can't be made", backups.display()))?;
    let copy = backups.join(format!("before-schema-{}-from-{done}.db", STEPS.len()));
    if copy.exists() {
        return Ok(());
    }
    conn.execute("vacuum into ?1", [copy.to_string_lossy()])
        .with_context(|| format!("The database can't be copied to {}", copy.display()))?;
    Ok(())
}
