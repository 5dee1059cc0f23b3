/**
 * Codes that are redeemed, and entries of that kind. SQLite can't widen a check, so `entry` moves into a table with a
 * wider one: the same rows under the same ids, and no id that was ever given is given again.
 */
export const redemptions = `
create table redemption (
  id integer primary key autoincrement,
  batch_id integer not null,
  name text not null,
  digest text not null unique,
  hint text not null,
  quota integer not null check (quota between 1 and 1000000000000000),
  created_at integer not null,
  expires_at integer,
  redeemed_at integer,
  redeemed_by integer,
  check ((redeemed_at is null) = (redeemed_by is null))
) strict;
create index redemption_by_batch on redemption (batch_id, id);

create table entry_wider (
  id integer primary key autoincrement,
  entity integer not null,
  delta integer not null,
  kind text not null check (kind in ('grant', 'adjust', 'set', 'refund', 'close', 'redeem')),
  reason text not null,
  actor text not null,
  idempotency text,
  created_at integer not null
) strict;
insert into entry_wider (id, entity, delta, kind, reason, actor, idempotency, created_at)
  select id, entity, delta, kind, reason, actor, idempotency, created_at from entry order by id;
delete from sqlite_sequence where name = 'entry_wider';
insert into sqlite_sequence (name, seq) select 'entry_wider', seq from sqlite_sequence where name = 'entry';
drop table entry;
alter table entry_wider rename to entry;
create index entry_by_entity on entry (entity, id);
create unique index entry_by_idempotency on entry (idempotency) where idempotency is not null;
`
