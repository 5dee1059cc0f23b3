/** Sums of usage by the hour, for charts and totals: see usage/summable.ts. A row is written once per round and hour. */
export const usageHours = `
create table usage_hour (
  account_id integer not null,
  hour integer not null,
  key_id integer not null,
  model text not null,
  group_name text not null,
  channel_id integer not null,
  requests integer not null,
  failed integer not null,
  quota integer not null,
  shortfall integer not null,
  prompt_tokens integer not null,
  completion_tokens integer not null,
  primary key (account_id, hour, key_id, model, group_name, channel_id)
) strict, without rowid;
create index usage_hour_by_time on usage_hour (hour);
`
