//! Rows that a house of each age has, in every table from the step on in which the table came.

pub const SAMPLES: &[(&str, &str)] = &[
    ("0001_users", USERS),
    ("0002_guard", GUARD),
    ("0003_runs", RUNS),
    (
        "0010_reminders",
        "insert into reminders (id, user_id, conversation_id, text, due_at, state, label, created_at,
                                ended_at)
             values ('n1', 'u1', 'c1', 'water the plants', 9, 'waiting', '{}', 1, null),
                    ('n2', 'u1', null, 'call Bo', 1, 'done', '{}', 1, 2);",
    ),
    (
        "0011_notes",
        "insert into notes (id, user_id, title, content, label, created_at, updated_at, deleted_at)
             values ('o1', 'u1', 'Boiler', 'serviced in May', '{}', 1, 1, null),
                    ('o2', 'u1', '', 'an old thought', '{}', 1, 2, 2);",
    ),
    (
        "0012_notifications",
        "insert into notifications (id, user_id, kind, text, link, created_at)
             values ('i1', 'u1', 'reminder', 'call Bo', '/reminders', 1);",
    ),
    (
        "0013_files",
        "insert into file_labels (user_id, path, sha256, label)
             values ('u1', 'plan.md', zeroblob(32), '{}');",
    ),
    (
        "0014_models",
        "insert into model_facts (model, input_usd_micros, output_usd_micros, updated_at)
             values ('cloud:large', 3, 15, 1);",
    ),
    (
        "0015_idempotency",
        "insert into first_answers (caller, key, request_hash, status, asked_at)
             values ('u1', 'k', x'01', 200, 1);",
    ),
    (
        "0017_intents",
        "insert into intents (run_id, slots, made_by, created_at)
             values ('r1', '[]', 'builtin:commands', 1);
         update tool_calls set blocked = 1 where id = 't2';",
    ),
    ("0018_models_off", "insert into models_off (model, off_at) values ('cloud:small', 1);"),
    (
        "0019_mcp",
        "insert into mcp_servers (id, name, transport, command, enabled, state, created_at)
             values ('s1', 'clock', 'stdio', 'clock-server', 1, 'connected', 1);
         insert into mcp_tools (server_id, tool, name, title, description, schema, hash, listed)
             values ('s1', 'now', 'clock_now', 'Now', 'Says the time', '{}', zeroblob(32), 1);",
    ),
    (
        "0020_opened_sites",
        "insert into opened_sites (conversation_id, domain, opened_by, opened_at)
             values ('c1', 'example.org', 'u1', 1);",
    ),
    (
        "0021_standing_rules",
        "insert into standing_rules (id, user_id, tool, what, created_at, created_by, created_via)
             values ('y1', 'u1', 'files_delete', 'Delete a file', 1, 'Ada', 'web');
         update approvals set standing = '{}' where id = 'p1';",
    ),
    ("0022_screening", "update tool_calls set screened = 'orders' where id = 't2';"),
    ("0025_tasks", TASKS),
    ("0026_holds", "update tool_calls set held_until = 9 where id = 't1';"),
    (
        "0027_runs",
        "insert into checklist_items (run_id, n, text, done, written_by, updated_at)
             values ('r1', 1, 'look', 0, 'model', 1);
         insert into run_feedback (run_id, rating, comment, given_by, created_at)
             values ('r2', 5, 'good', 'Ada', 1);",
    ),
    (
        "0028_agents",
        "insert into agent_prompts (agent_id, version, prompt, made_by, created_at)
             values ('a1', 1, 'be brief', 'Ada', 1);
         update tasks set agent_id = 'a1', of_agent = 1 where id = 'k1';",
    ),
    (
        "0030_sub_agents",
        "insert into runs (id, agent_id, conversation_id, trigger, headless, state, queued_at, user_id,
                           parent_run_id, root_run_id)
             values ('r3', 'a1', 'c1', '{}', 1, 'queued', 1, 'u1', 'r1', 'r1');",
    ),
    (
        "0033_outbox",
        "insert into channels (id, user_id, kind, name, server, state, created_at)
             values ('h1', 'u1', 'ntfy', 'Phone', 'https://ntfy.example', 'on', 1);
         insert into outbox (notification_id, channel_id, state, due_at, created_at)
             values ('i1', 'h1', 'waiting', 1, 1);
         insert into quiet_hours (user_id, from_minute, to_minute, approvals)
             values ('u1', 1320, 420, 1);",
    ),
    (
        "0034_webhooks",
        "insert into triggers (id, user_id, agent_id, kind, name, prompt, state, label, created_at,
                               updated_at)
             values ('g1', 'u1', 'a1', 'webhook', 'Push', 'status', 'on', '{}', 1, 1),
                    ('g2', 'u1', 'a1', 'feed', 'News', 'sum up', 'on', '{}', 1, 1);
         insert into webhooks (trigger_id, auth) values ('g1', 'standard');
         insert into deliveries (id, trigger_id, event_id, state, bytes, run_id, received_at)
             values ('d1', 'g1', 'm1', 'started', 2, 'r1', 1);
         insert into trigger_refusals (trigger_id, reason, count, last_at)
             values ('g1', 'signature', 2, 1);",
    ),
    (
        "0035_monitors",
        "insert into monitors (trigger_id, url, schedule, zone, anchor_at, next_at)
             values ('g2', 'https://example.org/feed', '@hourly', 'UTC', 1, 2);
         insert into feed_items (trigger_id, item, seen_at) values ('g2', x'01', 1);",
    ),
    (
        "0039_variations",
        "insert into variations (id, agent_id, name, weight, enabled, version, created_at)
             values ('v1', 'a1', 'Short', 1, 1, 1, 1);
         insert into variation_texts (variation_id, version, label, made_by, created_at)
             values ('v1', 1, '{}', 'Ada', 1);
         insert into variation_assignments (id, agent_id, variation_id, kind, subject, created_at)
             values ('z1', 'a1', 'v1', 'task', 'k1', 1);
         update runs set variation_id = 'v1', variation_version = 1 where id = 'r3';",
    ),
    (
        "0040_agent_files",
        "insert into agent_file_labels (agent_id, path, user_id, sha256, label)
             values ('a1', 'plan.md', 'u1', zeroblob(32), '{}');",
    ),
    (
        "0041_memory_layers",
        "insert into memory_layers (id, name, created_at) values ('q1', 'House', 1);
         insert into memory_entries (id, layer_id, key, content, label, created_at, updated_at)
             values ('x1', 'q1', 'bins', 'on Mondays', '{}', 1, 1);
         update agents set memory_layers = '[\"q1\"]' where id = 'a1';",
    ),
    ("0042_groups", "update approvals set group_id = 'p1' where id = 'p2';"),
    ("0043_proposed_tasks", "update tasks set card_call_id = 't1', approved = 1 where id = 'k1';"),
    (
        "0045_changes",
        "insert into changes (id, user_id, call_id, place, row_key, action, target, before, after, made_at)
             values ('x1', 'u1', 't1', 'notes', '{\"id\": \"o1\"}', 'notes.update', 'Boiler', '{}', 'aa', 1);",
    ),
    ("0047_failing", "update monitors set misses = 2, failing_since = 1 where trigger_id = 'g2';"),
    (
        "0048_provider_calls",
        "insert into provider_calls (provider, asked_at, failing_since, failures, kind, sentence, raw, model,
                                     run_id)
             values ('cloud', 2, 1, 2, 'wrong_key', 'It refused the key.', 'HTTP 401', 'cloud:large', 'r1');
         insert into provider_calls (provider, asked_at) values ('home', 2);",
    ),
    ("0049_triggers_kept", "update triggers set deleted_at = 3, state = 'off' where id = 'g2';"),
    (
        "0050_listings",
        r#"update mcp_tools set lists = '{"argument":"id","value":"id","name":"title"}';"#,
    ),
    ("0051_task_changes", "update tasks set revision = 2, forgotten_until = 1 where id = 'k1';"),
    ("0052_batches", "update runs set batch = 1 where id = 'r1';"),
    ("0053_secret_answers", "update mcp_tools set secret = 1;"),
];

const USERS: &str = "
    insert into users (id, name, name_key, password_hash, role, created_at)
        values ('u1', 'Ada', 'ada', 'x', 'admin', 1);
    insert into login_sessions (id_hash, id, user_id, data, created_at, seen_at, expires_at)
        values (x'01', 'l1', 'u1', '{}', 1, 1, 9);
    insert into tokens (id, user_id, name, prefix, token_hash, scopes, created_at)
        values ('w1', 'u1', 'phone', 'stw_', x'02', '[\"read\"]', 1);
    insert into known_devices (hash, user_id, seen_at) values (x'03', 'u1', 1);
    insert into lockouts (subject, failures, failed_at) values ('account:ada', 2, 1);
    insert into settings (key, value, updated_at) values ('owner.language', 'de', 1);";

const GUARD: &str = "
    insert into audit_stubs (first_seq, last_seq, previous_hash, first_hash, last_hash, purged_at,
                             signature)
        values (1, 1, zeroblob(32), zeroblob(32), zeroblob(32), 1, x'01');
    insert into audit (seq, happened_at, actor, action, target, channel, detail, hash)
        values (2, 1, 'user', 'notes.create', 'o1', 'web', '{}', randomblob(32)),
               (3, 2, 'system', 'notes.purge', 'o2', 'web', '{}', randomblob(32));
    insert into audit_retention (id, days) values (1, 365);
    insert into vault (id, sealed_check, created_at) values (1, x'01', 1);
    insert into credentials (key, description, version, wrapped_key, sealed_value, created_at, updated_at)
        values ('web:brave_key', 'search', 1, x'01', x'02', 1, 1);
    insert into whitelist_addresses (address, daily_limit, created_at) values ('bo@example.org', 5, 1);
    insert into whitelist_domains (domain, note, created_at) values ('*.example.org', '', 1);
    insert into whitelist_folders (path, note, created_at) values ('/srv/papers', '', 1);
    insert into browser_trusted (user_id, domain, note, created_at) values ('u1', 'example.org', '', 1);
    insert into owner_names (source, source_id, user_id, kind, name, value)
        values ('contacts', '1', 'u1', 'address', 'bo', 'bo@example.org');
    insert into approvals (id, call_id, run_id, conversation_id, user_id, tool, call_hash, what, recipient,
                           why, reason, origins, preview, risks, arguments, state, created_at)
        values ('p1', 't1', 'r1', 'c1', 'u1', 'files_delete', x'01', 'Delete a file', '', '', '', '[]',
                '', '[]', '{}', 'waiting', 1),
               ('p2', 't2', 'r2', 'c1', 'u1', 'files_delete', x'01', 'Delete a file', '', '', '', '[]',
                '', '[]', '{}', 'denied', 1);";

const RUNS: &str = "
    insert into agents (id, name, created_at) values ('a1', 'Steward', 1);
    insert into conversations (id, user_id, agent_id, channel, created_at, updated_at)
        values ('c1', 'u1', 'a1', 'web', 1, 1);
    insert into messages (id, conversation_id, role, text, label, created_at)
        values ('m1', 'c1', 'user', 'the boiler was serviced', '{}', 1);
    insert into attachments (message_id, name, media_type, bytes)
        values ('m1', 'bill.txt', 'text/plain', x'01');
    insert into runs (id, agent_id, conversation_id, trigger, headless, state, queued_at)
        values ('r1', 'a1', 'c1', '{}', 0, 'waiting', 1),
               ('r2', 'a1', 'c1', '{\"task_id\": \"k1\"}', 1, 'completed', 1);
    insert into tool_calls (id, run_id, message_id, position, wire_id, tool, arguments, state, proposed_at)
        values ('t1', 'r1', 'm1', 0, 'w1', 'files_delete', '{}', 'waiting', 1),
               ('t2', 'r2', 'm1', 1, 'w2', 'files_delete', '{}', 'denied', 1);
    insert into events (conversation_id, seq, run_id, body, created_at)
        values ('c1', 2, 'r1', '{}', 2), ('c1', 1, 'r1', '{}', 1);
    insert into context_windows (conversation_id, after_seq, summary, label, created_at)
        values ('c1', 1, 'about the boiler', '{}', 1);
    insert into model_calls (run_id, agent_id, model, input_tokens, output_tokens, cached_tokens,
                             cost_usd_micros, duration_ms, outcome, created_at)
        values ('r1', 'a1', 'cloud:large', 10, 2, 0, 60, 900, 'ok', 1);";

const TASKS: &str = "
    insert into tasks (id, user_id, name, prompt, schedule, zone, state, missed, overlap, notify, label,
                       anchor_at, next_slot_at, next_fire_at, created_at, updated_at)
        values ('k1', 'u1', 'Morning', 'status', '@daily', 'UTC', 'on', 'once', 'skip', 'never', '{}',
                1, 2, 2, 1, 1);
    insert into executions (id, task_id, kind, slot_at, state, run_id, created_at)
        values ('e1', 'k1', 'slot', 1, 'started', 'r1', 1);
    insert into calendar_feeds (user_id, secret_hash, created_at) values ('u1', x'01', 1);
    insert into schedule_clock (id, seen_at) values (1, 5);";
