/**
 * What lists, searches and charts of large installations read instead of counting and adding rows.
 *
 * `key_block` counts the living keys of an account in each thousand of ids, so that a list knows its total and finds any
 * page; triggers keep it. `key_name` finds parts of names: it knows the living keys by every three letters of their names,
 * lowered as `lower` does. `key_former_name` is what keys were called when some of their usage records were made.
 *
 * Sums of usage begin with their time, so that adding to them writes where the last ones were written; `account_*` leave the
 * keys out, and account 0 is everybody. `usage_summed` is their mark: the former one stands at the end of all ids, so that a
 * process of the former version, which does not know all of the sums, adds nothing to some of them alone.
 */
const FIGURES = `
  requests integer not null,
  failed integer not null,
  quota integer not null,
  shortfall integer not null,
  prompt_tokens integer not null,
  completion_tokens integer not null`
const SUMS = `sum(requests), sum(failed), sum(quota), sum(shortfall), sum(prompt_tokens), sum(completion_tokens)`
const everybody = (named: string, step: string, from: string) => `
insert into ${named} select account_id, ${step}, model, group_name, channel_id, ${SUMS} from ${from} group by 1, 2, 3, 4, 5;
insert into ${named} select 0, ${step}, model, group_name, channel_id, ${SUMS} from ${from} group by 2, 3, 4, 5;`

const keys = `
create table key_block (
  account_id integer not null,
  block integer not null,
  live integer not null,
  primary key (account_id, block)
) strict, without rowid;
insert into key_block select account_id, id / 1024, count(*) from key where deleted_at is null group by 1, 2;

create virtual table key_name using fts5 (name, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1');
insert into key_name (rowid, name) select id, lower(name) from key where deleted_at is null;

create table key_former_name (
  key_id integer not null,
  name text not null,
  primary key (key_id, name)
) strict, without rowid;
create index key_former_name_by_name on key_former_name (name);
insert into key_former_name select distinct key_id, key_name from usage join key on key.id = key_id
  where key_name <> key.name;

create trigger key_made after insert on key when new.deleted_at is null begin
  insert into key_block (account_id, block, live) values (new.account_id, new.id / 1024, 1)
    on conflict (account_id, block) do update set live = live + 1;
  insert into key_name (rowid, name) values (new.id, lower(new.name));
end;
create trigger key_gone after update of deleted_at on key when old.deleted_at is null and new.deleted_at is not null begin
  update key_block set live = live - 1 where account_id = old.account_id and block = old.id / 1024;
  delete from key_name where rowid = old.id;
end;
create trigger key_renamed after update of name on key when old.name <> new.name begin
  insert into key_former_name (key_id, name) values (old.id, old.name) on conflict do nothing;
  update key_name set name = lower(new.name) where rowid = new.id and new.deleted_at is null;
end;

drop index key_by_hint;
drop index key_by_account;
create index key_by_account on key (account_id, id, name) where deleted_at is null;
create index key_by_end on key (account_id, substr(hint, 5)) where deleted_at is null;
create index key_by_name on key (name, account_id);
`

const sums = `
alter table usage_hour rename to usage_hour_before;
drop index usage_hour_by_time;
create table usage_hour (
  hour integer not null,
  account_id integer not null,
  key_id integer not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,${FIGURES},
  primary key (hour, account_id, key_id, model, group_name, channel_id)
) strict, without rowid;
insert into usage_hour (hour, account_id, key_id, model, group_name, channel_id, requests, failed, quota, shortfall,
    prompt_tokens, completion_tokens)
  select hour, account_id, key_id, model, group_name, channel_id, requests, failed, quota, shortfall, prompt_tokens,
    completion_tokens from usage_hour_before order by 1, 2, 3, 4, 5, 6;
drop table usage_hour_before;

create table usage_day (
  day integer not null,
  account_id integer not null,
  key_id integer not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,${FIGURES},
  primary key (day, account_id, key_id, model, group_name, channel_id)
) strict, without rowid;
insert into usage_day select hour / 86400 * 86400, account_id, key_id, model, group_name, channel_id, ${SUMS}
  from usage_hour group by 1, 2, 3, 4, 5, 6;

create table account_hour (
  account_id integer not null,
  hour integer not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,${FIGURES},
  primary key (account_id, hour, model, group_name, channel_id)
) strict, without rowid;
create table account_day (
  account_id integer not null,
  day integer not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,${FIGURES},
  primary key (account_id, day, model, group_name, channel_id)
) strict, without rowid;
${everybody('account_hour', 'hour', 'usage_hour')}
${everybody('account_day', 'day', 'usage_day')}

insert into meta (name, value) select 'usage_summed', value from meta where name = 'usage_rolled';
update meta set value = '9007199254740991' where name = 'usage_rolled';
`

const records = `
create index usage_failed on usage (status, created_at_ms, id, account_id, key_id, model, group_name, channel_id)
  where status <> 200;
create index audit_by_action on audit (action, id);
create index audit_by_subject on audit (subject, id);
create index audit_by_actor on audit (actor_id, id, created_at);
`

export const atSize = `${keys}${sums}${records}`
