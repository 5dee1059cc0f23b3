/**
 * What providers keep for accounts. One index finds an object by its id and holds that a channel issues it once; the others
 * are of the few rows that are listed, and of those that end.
 */
export const objects = `
create table object (
  id integer primary key autoincrement,
  object_id text not null,
  kind text not null,
  channel_id integer not null,
  upstream_key text not null,
  account_id integer not null,
  key_id integer not null,
  tokens integer not null,
  purpose text not null,
  record text not null,
  created_at integer not null,
  expires_at integer,
  unique (object_id, kind, channel_id)
) strict;
create index object_listed on object (account_id, id) where kind = 'file';
create index object_by_end on object (expires_at) where expires_at is not null;
`
