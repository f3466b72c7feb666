-- What a list would add up anew for each look, so that it is quick with a million rows behind it.

-- What the calls of an agent's models used over all its life.
create table agent_usage (
    agent_id text primary key not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cost_usd_micros integer not null              -- of calls whose price was known
) strict, without rowid;
insert into agent_usage
    select agent_id, sum(input_tokens), sum(output_tokens), coalesce(sum(cost_usd_micros), 0)
    from model_calls where agent_id is not null group by agent_id;
create trigger agent_usage_grows after insert on model_calls when new.agent_id is not null begin
    insert into agent_usage (agent_id, input_tokens, output_tokens, cost_usd_micros)
        values (new.agent_id, new.input_tokens, new.output_tokens, coalesce(new.cost_usd_micros, 0))
        on conflict (agent_id) do update set
            input_tokens = input_tokens + excluded.input_tokens,
            output_tokens = output_tokens + excluded.output_tokens,
            cost_usd_micros = cost_usd_micros + excluded.cost_usd_micros;
end;

-- How much was said in a conversation: words of a person or an agent; and messages.seq of the last.
alter table conversations add column said integer not null default 0;
alter table conversations add column last_said integer;
update conversations set
    said = (select count(*) from messages where conversation_id = conversations.id
                and text <> '' and role in ('user', 'assistant')),
    last_said = (select max(seq) from messages where conversation_id = conversations.id
                     and text <> '' and role in ('user', 'assistant'));
create index messages_said on messages (conversation_id, seq)
    where text <> '' and role in ('user', 'assistant');
-- The user themselves goes by ''.
update conversations set counterparty = ''
    where counterparty = (select name from users where users.id = conversations.user_id);
drop index conversations_counterparty;
create index conversations_counterparty
    on conversations (agent_id, user_id, counterparty, last_said desc)
    where deleted_at is null and task_id is null and trigger_id is null;
create index conversations_said on conversations (agent_id, user_id, last_said desc)
    where deleted_at is null and task_id is null and trigger_id is null;

-- All that a user's agent said with one counterparty.
create table counterparties (
    user_id text not null references users (id) on delete cascade,
    agent_id text not null references agents (id),
    counterparty text not null,
    conversations integer not null,
    said integer not null,
    updated_at integer not null,
    primary key (user_id, agent_id, counterparty)
) strict, without rowid;
create index counterparties_recent on counterparties (user_id, agent_id, updated_at desc);
insert into counterparties
    select user_id, agent_id, counterparty, count(*), sum(said), max(updated_at) from conversations
    where deleted_at is null and task_id is null and trigger_id is null
    group by user_id, agent_id, counterparty;
create trigger counterparties_begin after insert on conversations
    when new.deleted_at is null and new.task_id is null and new.trigger_id is null begin
    insert into counterparties (user_id, agent_id, counterparty, conversations, said, updated_at)
        values (new.user_id, new.agent_id, new.counterparty, 1, new.said, new.updated_at)
        on conflict (user_id, agent_id, counterparty) do update set
            conversations = conversations + 1, said = said + excluded.said,
            updated_at = max(updated_at, excluded.updated_at);
end;
create trigger counterparties_say after update of said, updated_at on conversations
    when new.deleted_at is null and new.task_id is null and new.trigger_id is null begin
    update counterparties set said = said + new.said - old.said,
            updated_at = max(updated_at, new.updated_at)
        where user_id = new.user_id and agent_id = new.agent_id
            and counterparty = new.counterparty;
end;
-- A conversation is deleted or restored, or another name is given to who talks in it.
create trigger counterparties_leave after update of deleted_at, counterparty on conversations
    when old.deleted_at is null and old.task_id is null and old.trigger_id is null
        and (new.deleted_at is not null or new.counterparty <> old.counterparty) begin
    update counterparties set conversations = conversations - 1, said = said - old.said,
            updated_at = coalesce((
                select conversations.updated_at from conversations
                where conversations.agent_id = old.agent_id and conversations.user_id = old.user_id
                    and conversations.counterparty = old.counterparty
                    and conversations.deleted_at is null and conversations.task_id is null
                    and conversations.trigger_id is null
                order by conversations.last_said desc limit 1), 0)
        where user_id = old.user_id and agent_id = old.agent_id
            and counterparty = old.counterparty;
    delete from counterparties
        where user_id = old.user_id and agent_id = old.agent_id
            and counterparty = old.counterparty and conversations = 0;
end;
create trigger counterparties_come after update of deleted_at, counterparty on conversations
    when new.deleted_at is null and new.task_id is null and new.trigger_id is null
        and (old.deleted_at is not null or new.counterparty <> old.counterparty) begin
    insert into counterparties (user_id, agent_id, counterparty, conversations, said, updated_at)
        values (new.user_id, new.agent_id, new.counterparty, 1, new.said, new.updated_at)
        on conflict (user_id, agent_id, counterparty) do update set
            conversations = conversations + 1, said = said + excluded.said,
            updated_at = max(updated_at, excluded.updated_at);
end;
