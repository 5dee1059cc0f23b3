/**
 * What was given back of a call's charge, or charged besides, when its usage record was written already: records are never
 * changed. `balance.corrected` is to `used` what it is to sums of records. `corrected_day` counts corrections, of an account and
 * of everybody (0), so that a chart that was kept can be told from one that was corrected since. `job.called` is what corrections need of
 * a call's record, which may be deleted before the job ends. A list of keys is made again when calls of its day were corrected.
 */
export const corrections = `
alter table balance add column corrected integer not null default 0;
drop view balance_now;
create view balance_now as select entity, remain, used + corrected as used, requests from balance;
alter table closed add column corrected integer not null default 0;
alter table job add column group_name text not null default '';
alter table job add column called text not null default '';
alter table top_day add column corrections integer not null default 0;

create table correction (
  id integer primary key autoincrement,
  cause text not null unique,
  request_id text not null,
  created_at_ms integer not null,
  called_at_ms integer not null,
  account_id integer not null,
  key_id integer not null,
  key_name text not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,
  status integer not null,
  budgets text not null,
  quota integer not null,
  shortfall integer not null
) strict;
create index correction_by_request on correction (request_id);
create index correction_by_account on correction (account_id, called_at_ms);
create index correction_by_time on correction (called_at_ms);

create table corrected_day (
  account_id integer not null,
  day integer not null,
  corrections integer not null,
  primary key (account_id, day)
) strict, without rowid;
`
