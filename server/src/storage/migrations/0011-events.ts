/**
 * Events, who is to hear of them, and what of that is still to be done. `event_mark` says what was told already and must
 * not be told again; `after_entry` is the newest entry of the books at that moment: only a later one can undo it.
 */
export const events = `
create table event (
  id integer primary key autoincrement,
  uid text not null unique,
  type text not null,
  body text not null,
  created_at integer not null
) strict;
create index event_by_time on event (created_at);

create table webhook (
  id integer primary key autoincrement,
  name text not null,
  url text not null,
  events text not null,
  status integer not null,
  secret text not null,
  former_secret text,
  former_until integer,
  created_at integer not null,
  check ((former_secret is null) = (former_until is null))
) strict;

create table delivery (
  id integer primary key autoincrement,
  event_id integer not null,
  webhook_id integer not null,
  state text not null check (state in ('waiting', 'delivered', 'given_up')),
  attempts integer not null,
  due_at_ms integer not null,
  attempted_at integer,
  status integer not null,
  message text not null,
  unique (event_id, webhook_id)
) strict;
create index delivery_by_webhook on delivery (webhook_id, id);
create index delivery_due on delivery (due_at_ms) where state = 'waiting';

create table event_mark (
  kind text not null,
  subject integer not null,
  value integer not null,
  after_entry integer not null,
  created_at integer not null,
  primary key (kind, subject, value)
) strict;

create index key_by_expiry on key (expired_time) where expired_time > 0 and deleted_at is null;
`
