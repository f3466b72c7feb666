-- How the calls of each provider of models went of late.
create table provider_calls (
    provider text primary key not null,           -- its name in the settings
    asked_at integer not null,                    -- when the last call ended
    failing_since integer,                        -- the first of those in a row that failed; null: the last was answered
    failures integer not null default 0 check (failures >= 0),
    kind text,                                    -- of the last error, as in model_calls.outcome
    sentence text,
    raw text,                                     -- what came instead of an answer, without secrets
    request_id text,                              -- the provider's own id of the call
    retry_at integer,                             -- not before then, the provider said
    model text,                                   -- 'provider:model' that was asked
    run_id text references runs (id) on delete set null,
    check ((failing_since is null) = (failures = 0)),
    check ((failing_since is null) = (kind is null or sentence is null or raw is null or model is null))
) strict, without rowid;
