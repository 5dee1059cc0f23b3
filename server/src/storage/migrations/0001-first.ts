/**
 * The first schema. AUTOINCREMENT keeps ids of deleted rows from being given again; `usage` goes without (its newest
 * rows are never deleted), because it is the table that every call writes to, and every index there costs each call.
 */
export const first = `
create table key (
  id integer primary key autoincrement,
  account_id integer not null,
  digest text not null unique,
  pepper_id integer not null,
  sealed text,
  hint text not null,
  name text not null,
  status integer not null,
  created_time integer not null,
  accessed_time integer not null,
  expired_time integer not null,
  unlimited_quota integer not null,
  model_limits_enabled integer not null,
  model_limits text not null,
  allow_ips text,
  group_name text not null,
  cross_group_retry integer not null,
  extra text,
  deleted_at integer
) strict;
create index key_by_account on key (account_id, id) where deleted_at is null;
create index key_by_hint on key (hint) where deleted_at is null;

create table key_former (
  digest text primary key,
  key_id integer not null,
  pepper_id integer not null,
  valid_until integer not null
) strict, without rowid;
create index key_former_by_key on key_former (key_id);
create index key_former_by_end on key_former (valid_until);

create table account (
  id integer primary key autoincrement,
  username text not null,
  password_hash text,
  role text not null check (role in ('user', 'admin')),
  status integer not null,
  group_name text not null,
  groups text not null,
  unlimited_quota integer not null,
  created_at integer not null,
  deleted_at integer
) strict;
create unique index account_by_name on account (username) where deleted_at is null;

create table balance (
  entity integer primary key,
  remain integer not null check (remain between 0 and 9007199254740991),
  used integer not null check (used between 0 and 9007199254740991),
  requests integer not null check (requests >= 0)
) strict;

create table entry (
  id integer primary key autoincrement,
  entity integer not null,
  delta integer not null,
  kind text not null check (kind in ('grant', 'adjust', 'set', 'refund', 'close')),
  reason text not null,
  actor text not null,
  idempotency text,
  created_at integer not null
) strict;
create index entry_by_entity on entry (entity, id);
create unique index entry_by_idempotency on entry (idempotency) where idempotency is not null;

create table usage (
  id integer primary key,
  created_at_ms integer not null,
  request_id text not null,
  account_id integer not null,
  key_id integer not null,
  key_name text not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,
  quota integer not null check (quota >= 0),
  shortfall integer not null check (shortfall >= 0),
  key_charged integer not null check (key_charged in (0, 1)),
  account_charged integer not null check (account_charged in (0, 1)),
  prompt_tokens integer not null,
  completion_tokens integer not null,
  cached_tokens integer not null,
  cache_write_tokens integer not null,
  reasoning_tokens integer not null,
  audio_tokens integer not null,
  image_tokens integer not null,
  estimated integer not null,
  is_stream integer not null,
  use_time_ms integer not null,
  first_token_ms integer not null,
  status integer not null,
  error_code text not null,
  ip text not null,
  attempts integer not null,
  output_limit integer not null
) strict;
create index usage_by_time on usage (created_at_ms);
create index usage_by_account on usage (account_id, created_at_ms);
create index usage_by_key on usage (key_id, created_at_ms);
create index usage_by_request on usage (request_id);

create table access_token (
  id integer primary key autoincrement,
  account_id integer not null,
  name text not null,
  digest text not null unique,
  hint text not null,
  scopes text,
  expires_at integer,
  created_at integer not null,
  last_used_at integer,
  deleted_at integer
) strict;
create index access_token_by_account on access_token (account_id, id) where deleted_at is null;

create table channel (
  id integer primary key autoincrement,
  name text not null,
  type text not null,
  base_url text not null,
  keys text not null,
  models text not null,
  groups text not null,
  model_mapping text not null,
  priority integer not null,
  weight integer not null,
  free integer not null,
  status integer not null,
  headers text not null,
  timeouts text not null,
  created_at integer not null,
  deleted_at integer
) strict;

create table price (
  model text primary key,
  price text not null,
  updated_at integer not null
) strict, without rowid;

create table setting (
  name text primary key,
  value text not null,
  updated_at integer not null
) strict, without rowid;

create table idempotency (
  account_id integer not null,
  route text not null,
  key text not null,
  fingerprint text not null,
  result_id integer,
  created_at integer not null,
  primary key (account_id, route, key)
) strict, without rowid;
create index idempotency_by_time on idempotency (created_at);

create table audit (
  id integer primary key autoincrement,
  created_at integer not null,
  actor_id integer not null,
  actor text not null,
  ip text not null,
  action text not null,
  subject text not null,
  before text,
  after text,
  request_id text not null
) strict;
create index audit_by_time on audit (created_at);

create table change_counter (
  id integer primary key check (id = 1),
  seq integer not null
) strict;
insert into change_counter (id, seq) values (1, 0);

create table change (
  seq integer primary key,
  kind text not null,
  subject text not null,
  created_at integer not null
) strict;
create index change_by_time on change (created_at);

create table meta (
  name text primary key,
  value text not null
) strict, without rowid;
`
