//! The keys' names: other programs set them.

use insta::assert_snapshot;
use steward::config::keys;

#[test]
fn the_keys_that_other_programs_know_keep_their_names() {
    let lines = keys().iter().map(|key| {
        let how = match (key.live, key.secret) {
            (true, _) => " (live)",
            (_, true) => " (secret)",
            _ => "",
        };
        format!("{} = {}{how}", key.name, key.default)
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    server.listen = "127.0.0.1:8484"
    server.base_url = "" (live)
    server.trusted_proxies = []
    data.dir = ""
    owner.time_zone = "" (live)
    owner.language = "en" (live)
    log.level = "info"
    log.format = "text"
    agent.name = "Steward" (live)
    models.default = "builtin:commands" (live)
    models.fallback = [] (live)
    models.commands_first = false (live)
    models.providers.NAME.kind = "" (live)
    models.providers.NAME.base_url = "" (live)
    models.providers.NAME.api_key = "" (secret)
    models.providers.NAME.credential = "" (live)
    limits.max_tool_calls = 20 (live)
    limits.max_autonomous_runs_per_hour = 10 (live)
    limits.max_concurrent_runs = 3 (live)
    limits.daily_spend_usd = 2.0 (live)
    limits.hourly_spend_usd = "none" (live)
    limits.agent_daily_spend_usd = "none" (live)
    limits.task_daily_spend_usd = "none" (live)
    limits.requests_per_minute = 300 (live)
    limits.body_bytes_max = 1048576
    limits.upload_bytes_max = 26214400
    web.search_url = "" (live)
    web.brave_key = "" (secret)
    web.brave_credential = "" (live)
    guard.mode = "balanced" (live)
    guard.approvals_expire_hours = 0 (live)
    guard.hold_seconds = 30 (live)
    guard.sanitize_enhanced = true (live)
    guard.canary = true (live)
    guard.llm_screen = true (live)
    guard.screen_model = "" (live)
    guard.output_validation = true (live)
    guard.truncation = true (live)
    guard.truncation_chars = 60000 (live)
    guard.private_allowed = []
    tools.mcp__SERVER__TOOL.effect = ""
    tools.mcp__SERVER__TOOL.destructive = false
    tools.mcp__SERVER__TOOL.enabled = true
    tools.mcp__SERVER__TOOL.roles = {}
    tools.mcp__SERVER__TOOL.lists = {}
    tools.mcp__SERVER__TOOL.secret = false
    vault.passphrase = "" (secret)
    vault.key_file = ""
    "#);
}
