import { LOCKS } from '../../postgres/locks.ts'

/**
 * What usage records said that retention has deleted: one row an entity, so that balances can always be recomputed.
 * And the partitions that retention has emptied go, those of the last month and this one left out.
 */
export const closedUsage = `
create table closed (
  entity bigint primary key,
  taken bigint not null check (taken >= 0),
  used bigint not null check (used >= 0),
  requests bigint not null check (requests >= 0)
);

create function usage_drop_empty() returns void
language plpgsql set lock_timeout = '2s' as $$
declare
  part regclass;
  filled boolean;
begin
  perform pg_advisory_xact_lock(${LOCKS.partitions});
  for part in
    select inhrelid::regclass from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'usage'::regclass and relname ~ '^usage_[0-9]{4}_[0-9]{2}$'
      and relname < 'usage_' || to_char(now() at time zone 'utc' - interval '1 month', 'YYYY_MM')
  loop
    execute format('select exists (select 1 from %s)', part) into filled;
    continue when filled;
    begin
      execute format('drop table %s', part);
    exception when lock_not_available or deadlock_detected then
      null;
    end;
  end loop;
end
$$;
`
