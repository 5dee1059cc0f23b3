import { NUMBERS, TEXTS } from '../wire.ts'
import { LOCKS } from './locks.ts'

/**
 * The functions of the shared ledger: each is one statement for its caller and one transaction for the database. They
 * are part of the schema: once released, a change is a new migration that replaces the function.
 * Everybody locks in one order: the lane, balances (accounts before keys), holds. A node's two lanes share its holds, so
 * each first makes those that are missing and then locks all of its own, both by number: a row that was made between
 * the two by the other lane would be locked out of order.
 * `epoch + 0`: holds are looked up by entity, which few rows share; whole epochs, as the planner may take them for small,
 * are as large as a node is busy.
 */

/** Numbers of a settlement that stand before its record's: cost, atMost, key, account, both unlimited flags, epoch. */
const CHARGE = 7
const STRIDE = CHARGE + NUMBERS.length
/**
 * Plans are made while tables are small, and kept. So the planner is told that every look-up goes by an index, one row at a
 * time: a plan that reads all holds is a hundred times slower on the day that there are many.
 */
const BY_INDEX = `set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set enable_material = off set enable_bitmapscan = off`
const number = (at: number) => `p_numbers[i * ${STRIDE} + ${at + 1}]`
const text = (at: number) => `p_texts[i * ${TEXTS.length} + ${at + 1}]`
const REQUEST_ID = text(TEXTS.indexOf('request_id'))

/** The number of a lane's call: true when it is next, false when it was applied before, null when the epoch is over. */
const advance = `
create or replace function turnpike_advance(p_epoch bigint, p_lane text, p_seq bigint) returns boolean
language plpgsql as $$
declare v_seq bigint;
begin
  update node_lane set seq = p_seq where epoch = p_epoch and lane = p_lane and seq = p_seq - 1;
  if found then return true; end if;
  select seq into v_seq from node_lane where epoch = p_epoch and lane = p_lane;
  if v_seq = p_seq then return false; end if;
  return null;
end $$;`

/**
 * A sequence may forget its last numbers in a failover, and an epoch that two nodes take for their own would mix their
 * holds: half of the number is chance.
 */
const register = `
create or replace function turnpike_register(p_name text, p_url text, p_version text, p_seconds bigint) returns bigint
language plpgsql as $$
declare v_epoch bigint := nextval('node_epoch') * 1048576 + floor(random() * 1048576)::bigint;
begin
  insert into node (epoch, name, url, version, started_at) values (v_epoch, p_name, p_url, p_version, p_seconds);
  insert into node_lane (epoch, lane, seq) values (v_epoch, 'move', 0), (v_epoch, 'settle', 0);
  return v_epoch;
end $$;`

const move = `
create or replace function turnpike_move(p_epoch bigint, p_seq bigint, p_entities bigint[], p_units bigint[], p_leave boolean[])
returns table (o_entity bigint, o_granted bigint, o_spent bigint, o_remain bigint, o_elsewhere bigint)
language plpgsql set lock_timeout = '2s' ${BY_INDEX} as $$
declare v_next boolean := turnpike_advance(p_epoch, 'move', p_seq);
begin
  if v_next is null then
    return query select -1::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint;
    return;
  end if;
  if cardinality(p_entities) = 0 then return; end if;
  if v_next then
    perform 1 from balance where entity = any(p_entities) order by (entity % 4 = 0), entity for update;
    insert into hold (epoch, entity, granted, spent, used, requests)
    select p_epoch, a.entity, 0, 0, 0, 0
    from unnest(p_entities, p_units, p_leave) as a (entity, units, leave) join balance b on b.entity = a.entity
    where a.units > 0 and not a.leave and b.remain > 0 order by a.entity
    on conflict (entity, epoch) do nothing;
    perform 1 from hold where entity = any(p_entities) and epoch + 0 = p_epoch order by entity for update;
    with asked as (
      select * from unnest(p_entities, p_units, p_leave) as a (entity, units, leave)
    ), moved as (
      select a.entity, a.leave, coalesce(h.used, 0) as used, coalesce(h.requests, 0) as requests,
        case when a.leave then -coalesce(h.granted - h.spent, 0)
          when a.units >= 0 then least(a.units, b.remain)
          else -least(-a.units, coalesce(h.granted - h.spent, 0)) end as units
      from asked a join balance b on b.entity = a.entity
        left join hold h on h.epoch + 0 = p_epoch and h.entity = a.entity
    ), paid as (
      update balance b set remain = b.remain - m.units,
        used = b.used + case when m.leave then m.used else 0 end,
        requests = b.requests + case when m.leave then m.requests else 0 end
      from moved m where b.entity = m.entity and (m.units <> 0 or m.leave)
    ), closed as (
      delete from hold h using moved m where h.epoch + 0 = p_epoch and h.entity = m.entity and m.leave
    )
    update hold h set granted = h.granted + m.units from moved m
    where h.epoch + 0 = p_epoch and h.entity = m.entity and not m.leave and m.units <> 0;
  end if;
  return query
    select b.entity, coalesce(h.granted, 0), coalesce(h.spent, 0), b.remain, coalesce((
      select sum(o.granted - o.spent) from hold o where o.entity = b.entity and o.epoch <> p_epoch
    ), 0)::bigint
    from balance b left join hold h on h.epoch + 0 = p_epoch and h.entity = b.entity
    where b.entity = any(p_entities);
end $$;`

const PARTIES = `select unnest(array[${number(2)}, ${number(3)}]) from generate_series(0, p_count - 1) i`
const LATE_PARTIES = `${PARTIES} where ${number(6)} <> p_epoch`
const KEY_PAYS = `${number(4)} = 0`
const ACCOUNT_PAYS = `${number(5)} = 0`

/**
 * One after the other, each as far as its payers' units go: for what was not held, and for holds that were cut. What
 * was settled before its epoch ended comes back as -1 less its charge, so that it is not written again. Everything that
 * is read here was locked before.
 */
const chargeSlowly = `
create or replace function turnpike_charge_slowly(p_epoch bigint, p_count int, p_numbers bigint[], p_texts text[]) returns bigint[]
language plpgsql as $$
declare
  v_charged bigint[] := array_fill(0::bigint, array[p_count]);
  v_charge bigint;
  v_before bigint;
  v_late boolean;
  v_key text;
  v_account text;
  v_left jsonb;
begin
  select coalesce(jsonb_object_agg(purse, units), '{}') into v_left from (
    select 'late ' || b.entity as purse, b.remain as units from balance b where b.entity in (${LATE_PARTIES})
    union all
    select 'held ' || h.entity, h.granted - h.spent from hold h where h.epoch + 0 = p_epoch and h.entity in (${PARTIES})
  ) as purses;
  for i in 0 .. p_count - 1 loop
    v_late := ${number(6)} <> p_epoch;
    v_before := null;
    if v_late then
      select quota into v_before from usage where request_id = ${REQUEST_ID} limit 1;
    end if;
    if v_before is not null then
      v_charged[i + 1] := -1 - v_before;
      continue;
    end if;
    v_key := case when v_late then 'late ' else 'held ' end || ${number(2)};
    v_account := case when v_late then 'late ' else 'held ' end || ${number(3)};
    v_charge := case when v_late then ${number(0)} else least(${number(0)}, ${number(1)}) end;
    if ${KEY_PAYS} then v_charge := least(v_charge, coalesce((v_left ->> v_key)::bigint, 0)); end if;
    if ${ACCOUNT_PAYS} then v_charge := least(v_charge, coalesce((v_left ->> v_account)::bigint, 0)); end if;
    if v_charge > 0 and ${KEY_PAYS} then
      v_left := jsonb_set(v_left, array[v_key], to_jsonb((v_left ->> v_key)::bigint - v_charge));
    end if;
    if v_charge > 0 and ${ACCOUNT_PAYS} then
      v_left := jsonb_set(v_left, array[v_account], to_jsonb((v_left ->> v_account)::bigint - v_charge));
    end if;
    if v_late then
      insert into balance as b (entity, remain, used, requests) values (${number(2)}, 0, v_charge, 1)
        on conflict (entity) do update set used = b.used + excluded.used, requests = b.requests + 1,
          remain = b.remain - case when ${KEY_PAYS} then v_charge else 0 end;
      insert into balance as b (entity, remain, used, requests) values (${number(3)}, 0, v_charge, 1)
        on conflict (entity) do update set used = b.used + excluded.used, requests = b.requests + 1,
          remain = b.remain - case when ${ACCOUNT_PAYS} then v_charge else 0 end;
    end if;
    v_charged[i + 1] := v_charge;
  end loop;
  return v_charged;
end $$;`

const columns = ['quota', 'shortfall', 'key_charged', 'account_charged', ...NUMBERS, ...TEXTS]
const values = [
  'v_charged[i + 1]',
  `${number(0)} - v_charged[i + 1]`,
  `1 - ${number(4)}`,
  `1 - ${number(5)}`,
  ...NUMBERS.map((_, at) => number(CHARGE + at)),
  ...TEXTS.map((_, at) => text(at)),
]

/** Touches no row that another node writes, unless something was late: nodes never wait for each other here. */
const settle = `
create or replace function turnpike_settle(p_epoch bigint, p_seq bigint, p_count int, p_numbers bigint[], p_texts text[])
returns table (o_charged bigint, o_shortfall bigint, o_key_spent bigint, o_account_spent bigint)
language plpgsql set lock_timeout = '2s' ${BY_INDEX} as $$
declare
  v_next boolean;
  v_charged bigint[];
  v_slow boolean;
begin
  perform pg_advisory_xact_lock_shared(${LOCKS.usage});
  v_next := turnpike_advance(p_epoch, 'settle', p_seq);
  if v_next is null then
    return query select -1::bigint, 0::bigint, 0::bigint, 0::bigint;
    return;
  end if;
  if p_count = 0 then return; end if;
  if v_next then
    select exists (select 1 from generate_series(0, p_count - 1) i where ${number(6)} <> p_epoch) into v_slow;
    if v_slow then
      perform 1 from balance b where b.entity in (${LATE_PARTIES}) order by (b.entity % 4 = 0), b.entity for update;
    end if;
    insert into hold as h (epoch, entity, granted, spent, used, requests)
    select p_epoch, entity, 0, 0, 0, 0 from (
      select distinct unnest(array[${number(2)}, ${number(3)}]) as entity from generate_series(0, p_count - 1) i where ${number(6)} = p_epoch
    ) as touched order by entity
    on conflict (entity, epoch) do nothing;
    perform 1 from hold h where h.epoch + 0 = p_epoch and h.entity in (${PARTIES}) order by h.entity for update;
    if not v_slow then
      select exists (
        select 1 from (
          select entity, sum(charge) as charge from (
            select ${number(2)} as entity, least(${number(0)}, ${number(1)}) as charge from generate_series(0, p_count - 1) i where ${KEY_PAYS}
            union all
            select ${number(3)}, least(${number(0)}, ${number(1)}) from generate_series(0, p_count - 1) i where ${ACCOUNT_PAYS}
          ) as each_one group by entity
        ) as due left join hold h on h.epoch + 0 = p_epoch and h.entity = due.entity
        where due.charge > coalesce(h.granted - h.spent, 0)
      ) into v_slow;
    end if;
    if v_slow then
      v_charged := turnpike_charge_slowly(p_epoch, p_count, p_numbers, p_texts);
    else
      v_charged := array(select least(${number(0)}, ${number(1)}) from generate_series(0, p_count - 1) i order by i);
    end if;
    insert into usage (${columns.join(', ')})
    select ${values.join(', ')} from generate_series(0, p_count - 1) i where v_charged[i + 1] >= 0 order by i;
    -- One that was given back before it could be locked, because nobody held units of it, begins anew: nothing is taken
    -- of it then. A row's checks look at what is offered before it is known that the row is there: hence granted.
    insert into hold as h (epoch, entity, granted, spent, used, requests)
    select p_epoch, entity, sum(taken), sum(taken), sum(charge), count(*) from (
      select ${number(2)} as entity, v_charged[i + 1] as charge, v_charged[i + 1] * (1 - ${number(4)}) as taken
        from generate_series(0, p_count - 1) i where ${number(6)} = p_epoch
      union all
      select ${number(3)}, v_charged[i + 1], v_charged[i + 1] * (1 - ${number(5)})
        from generate_series(0, p_count - 1) i where ${number(6)} = p_epoch
    ) as each_one group by entity order by entity
    on conflict (entity, epoch) do update set spent = h.spent + excluded.spent, used = h.used + excluded.used,
      requests = h.requests + excluded.requests;
  else
    -- Applied before: what it did is read from its records.
    v_charged := array(select coalesce((select -1 - u.quota from usage u where u.request_id = ${REQUEST_ID} limit 1), 0)
      from generate_series(0, p_count - 1) i order by i);
  end if;
  return query
    select c.charged, greatest(${number(0)} - c.charged, 0), coalesce(k.spent, 0), coalesce(a.spent, 0)
    from generate_series(0, p_count - 1) i
      cross join lateral (select case when v_charged[i + 1] < 0 then -1 - v_charged[i + 1] else v_charged[i + 1] end as charged) c
      left join hold k on k.epoch + 0 = p_epoch and k.entity = ${number(2)}
      left join hold a on a.epoch + 0 = p_epoch and a.entity = ${number(3)}
    order by i;
end $$;`

const reap = `
create or replace function turnpike_reap(p_epoch bigint, p_move bigint, p_settle bigint) returns boolean
language plpgsql set lock_timeout = '2s' as $$
declare v_found int;
begin
  perform 1 from node_lane where epoch = p_epoch order by lane for update;
  select count(*) into v_found from node_lane where epoch = p_epoch
    and seq = case lane when 'move' then p_move else p_settle end;
  if v_found <> 2 then return false; end if;
  perform 1 from balance b where b.entity in (select h.entity from hold h where h.epoch = p_epoch)
    order by (b.entity % 4 = 0), b.entity for update;
  perform 1 from hold h where h.epoch = p_epoch order by h.entity for update;
  insert into balance as b (entity, remain, used, requests)
  select h.entity, h.granted - h.spent, h.used, h.requests from hold h where h.epoch = p_epoch
  on conflict (entity) do update set remain = b.remain + excluded.remain, used = b.used + excluded.used,
    requests = b.requests + excluded.requests;
  delete from hold where epoch = p_epoch;
  delete from node_lane where epoch = p_epoch;
  delete from node where epoch = p_epoch;
  return true;
end $$;`

export const ledgerFunctions = [advance, register, move, chargeSlowly, settle, reap].join('\n')
