/**
 * What goes on at providers behind the answers to calls. Running ones are found by the time of their next look; the index of
 * objects is for lists of what has ids of its own.
 */
export const jobs = `
create table job (
  id integer primary key autoincrement,
  request_id text not null unique,
  kind text not null,
  object_id text not null,
  account_id integer not null,
  key_id integer not null,
  channel_id integer not null,
  upstream_key text not null,
  model text not null,
  price text not null,
  payers text not null,
  estimate integer not null,
  asked text not null,
  state text not null,
  charged integer,
  cost integer,
  correction integer,
  shortfall integer not null,
  created_at_ms integer not null,
  ended_at_ms integer,
  due_at_ms integer
) strict;
create index job_due on job (due_at_ms) where due_at_ms is not null;
create index job_by_object on job (object_id);
create index job_by_end on job (ended_at_ms) where ended_at_ms is not null;
create index object_of_jobs on object (account_id, kind, id) where kind in ('video', 'batch');
`
