import { LOCKS } from '../../postgres/locks.ts'

/** What `turnpike_write` raises to undo everything when a statement that must change a row changed none. */
const STOPPED = 'TP001'

/**
 * One management write in one call. The lock comes first and the numbers of the changes last, so that the order of
 * numbers is the order of commits. Rows with `entity` and `remain` are balances, which other nodes must hear of.
 */
const write = `
create function turnpike_write(statements jsonb, changes jsonb) returns jsonb
language plpgsql set lock_timeout = '2s' as $$
declare
  statement jsonb;
  at bigint := -1;
  count bigint;
  answer jsonb;
  balance jsonb;
  rows jsonb[] := '{}';
  changed bigint[] := '{}';
  noted jsonb[] := array(select value from jsonb_array_elements(changes));
  newest bigint := 0;
begin
  perform pg_advisory_xact_lock(${LOCKS.write});
  begin
    for statement in select value from jsonb_array_elements(statements) loop
      at := at + 1;
      if (statement->>'returns')::boolean then
        execute 'with done as (' || (statement->>'sql') || ') select coalesce(jsonb_agg(to_jsonb(done)), ''[]'') from done'
          into answer;
        count := jsonb_array_length(answer);
        for balance in select value from jsonb_array_elements(answer) where value ? 'entity' and value ? 'remain' loop
          noted := array_append(noted, jsonb_build_object('kind', 'balance', 'subject', balance->>'entity'));
        end loop;
      else
        execute statement->>'sql';
        get diagnostics count = row_count;
        answer := '[]';
      end if;
      if count = 0 and (statement->>'must')::boolean then
        raise exception 'statement % changed no row', at using errcode = '${STOPPED}';
      end if;
      rows := array_append(rows, answer);
      changed := array_append(changed, count);
    end loop;
    if cardinality(noted) > 0 then
      update change_counter set seq = seq + cardinality(noted) where id = 1 returning seq into newest;
      insert into change (seq, kind, subject, created_at)
        select newest - cardinality(noted) + ordinality, one->>'kind', one->>'subject',
            floor(extract(epoch from clock_timestamp()))
          from unnest(noted) with ordinality as each (one, ordinality);
      perform pg_notify('turnpike_change', newest::text);
    end if;
  exception when sqlstate '${STOPPED}' then
    return jsonb_build_object('stopped', at);
  end;
  return jsonb_build_object('rows', to_jsonb(rows), 'changed', to_jsonb(changed), 'noted', to_jsonb(noted), 'newest', newest);
end
$$;
`

/**
 * The highest id of a usage record below which all are committed or never will be: nobody who inserts one is under way
 * while the lock is held alone.
 */
const newestUsage = `
create function turnpike_newest_usage() returns bigint
language plpgsql set lock_timeout = '2s' as $$
begin
  perform pg_advisory_xact_lock(${LOCKS.usage});
  return (select coalesce(max(id), 0) from usage);
end
$$;
`

/**
 * Makes the partitions of this month and the next two. Where records of that time are in `usage_rest` already, or
 * others need the table now, they stay there or it waits for tomorrow: nothing depends on it.
 */
const partitions = `
create function usage_partitions() returns void
language plpgsql set lock_timeout = '2s' as $$
declare
  month timestamp;
  named text;
begin
  perform pg_advisory_xact_lock(${LOCKS.partitions});
  for ahead in 0..2 loop
    month := date_trunc('month', now() at time zone 'utc') + ahead * interval '1 month';
    named := 'usage_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(named) is not null;
    begin
      execute format('create table if not exists %I partition of usage for values from (%s) to (%s)', named,
        (extract(epoch from month) * 1000)::bigint,
        (extract(epoch from month + interval '1 month') * 1000)::bigint);
    exception when check_violation or lock_not_available or deadlock_detected or invalid_object_definition then
      null;
    end;
  end loop;
end
$$;
`

/** What the first schema does by itself. */
export const functions = `${write}${newestUsage}${partitions}`
