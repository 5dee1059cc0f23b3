/**
 * What lists, searches and charts of large installations read instead of counting and adding rows: see the step of the same
 * name for SQLite. Parts of names are found by an index of `pg_trgm`, where the server has it and lets us have it; without it
 * they are looked for in every name of the account. Room in the pages of `key` lets a key be touched without touching its
 * indexes.
 */
const FIGURES = `
  requests bigint not null,
  failed bigint not null,
  quota bigint not null,
  shortfall bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null`
const SUMS = `sum(requests), sum(failed), sum(quota), sum(shortfall), sum(prompt_tokens), sum(completion_tokens)`
const everybody = (named: string, step: string, from: string) => `
insert into ${named} select account_id, ${step}, model, group_name, channel_id, ${SUMS} from ${from} group by 1, 2, 3, 4, 5;
insert into ${named} select 0, ${step}, model, group_name, channel_id, ${SUMS} from ${from} group by 2, 3, 4, 5;`

const keys = `
create table key_block (
  account_id bigint not null,
  block bigint not null,
  live bigint not null,
  primary key (account_id, block)
) with (fillfactor = 70);
insert into key_block select account_id, id / 1024, count(*) from key where deleted_at is null group by 1, 2;

create table key_former_name (
  key_id bigint not null,
  name text collate "C" not null,
  primary key (key_id, name)
);
create index key_former_name_by_name on key_former_name (name);
insert into key_former_name select distinct key_id, key_name from usage join key on key.id = key_id
  where key_name <> key.name;

create function turnpike_key_made() returns trigger language plpgsql as $$
begin
  insert into key_block as b (account_id, block, live) values (new.account_id, new.id / 1024, 1)
    on conflict (account_id, block) do update set live = b.live + 1;
  return null;
end $$;
create trigger key_made after insert on key for each row when (new.deleted_at is null)
  execute function turnpike_key_made();

create function turnpike_key_gone() returns trigger language plpgsql as $$
begin
  update key_block set live = live - 1 where account_id = old.account_id and block = old.id / 1024;
  return null;
end $$;
create trigger key_gone after update of deleted_at on key for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function turnpike_key_gone();

create function turnpike_key_renamed() returns trigger language plpgsql as $$
begin
  insert into key_former_name (key_id, name) values (old.id, old.name) on conflict do nothing;
  return null;
end $$;
create trigger key_renamed after update of name on key for each row when (old.name <> new.name)
  execute function turnpike_key_renamed();

alter table key set (fillfactor = 85);
drop index key_by_hint;
drop index key_by_account;
create index key_by_account on key (account_id, id, name) where deleted_at is null;
create index key_by_end on key (account_id, substr(hint, 5)) where deleted_at is null;
create index key_by_name on key (name, account_id);
do $$
begin
  create extension if not exists pg_trgm;
  create index key_by_part_of_name on key using gin (lower(name) gin_trgm_ops) where deleted_at is null;
exception when insufficient_privilege or undefined_file or undefined_object or feature_not_supported then
  raise notice 'pg_trgm is not to be had: parts of names are looked for without an index';
end $$;
`

const sums = `
drop index usage_hour_by_time;
alter table usage_hour drop constraint usage_hour_pkey,
  add primary key (hour, account_id, key_id, model, group_name, channel_id);

create table usage_day (
  day bigint not null,
  account_id bigint not null,
  key_id bigint not null,
  model text collate "C" not null,
  group_name text collate "C" not null,
  channel_id bigint not null,${FIGURES},
  primary key (day, account_id, key_id, model, group_name, channel_id)
);
insert into usage_day select hour / 86400 * 86400, account_id, key_id, model, group_name, channel_id, ${SUMS}
  from usage_hour group by 1, 2, 3, 4, 5, 6;

create table account_hour (
  account_id bigint not null,
  hour bigint not null,
  model text collate "C" not null,
  group_name text collate "C" not null,
  channel_id bigint not null,${FIGURES},
  primary key (account_id, hour, model, group_name, channel_id)
) with (fillfactor = 70);
create table account_day (
  account_id bigint not null,
  day bigint not null,
  model text collate "C" not null,
  group_name text collate "C" not null,
  channel_id bigint not null,${FIGURES},
  primary key (account_id, day, model, group_name, channel_id)
) with (fillfactor = 70);
${everybody('account_hour', 'hour', 'usage_hour')}
${everybody('account_day', 'day', 'usage_day')}

insert into meta (name, value) select 'usage_summed', value from meta where name = 'usage_rolled';
insert into meta (name, value) select 'usage_rolled', '9007199254740991' where exists (select 1 from meta where name <> 'schema')
  on conflict (name) do update set value = excluded.value;
`

const records = `
create index usage_failed on usage (status, created_at_ms, id, account_id, key_id, model, group_name, channel_id)
  where status <> 200;
create index audit_by_action on audit (action, id);
create index audit_by_subject on audit (subject, id);
create index audit_by_actor on audit (actor_id, id, created_at);
`

/** Without figures the planner takes what was just made for small. */
const figures = 'analyze key, key_block, usage_hour, usage_day, account_hour, account_day, audit;'

export const atSize = `${keys}${sums}${records}${figures}`
