-- What the owner says of a model; empty columns leave what is known otherwise.
create table model_facts (
    model text primary key not null,              -- 'NAME:model', a model's own id, or a beginning and *
    input_usd_micros integer check (input_usd_micros >= 0),    -- per million tokens
    output_usd_micros integer check (output_usd_micros >= 0),
    context_tokens integer check (context_tokens > 0),
    updated_at integer not null,
    check ((input_usd_micros is null) = (output_usd_micros is null))
) strict, without rowid;
