import { STAMPS } from '../lanes/lane.ts'

/**
 * The functions of the shared ledger: each is one statement for its caller and one transaction for the database. They
 * are part of the schema: a change needs a new step, see functions.ts. How calls are settled stands in settle-functions.ts.
 * Everybody locks in one order: the lane, balances (accounts and budgets before keys, each by number), holds. A node's two lanes share its holds, so
 * each first makes those that are missing and then locks all of its own, both by number: a row that was made between
 * the two by the other lane would be locked out of order.
 * `epoch + 0`: holds are looked up by entity, which few rows share; whole epochs, as the planner may take them for small,
 * are as large as a node is busy.
 */

/**
 * Plans are made while tables are small, and kept. So the planner is told that every look-up goes by an index, one row at a
 * time: a plan that reads all holds is a hundred times slower on the day that there are many.
 */
export const BY_INDEX = `set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set enable_material = off set enable_bitmapscan = off`
/**
 * The number of a lane's call: true when it is next, false when it was applied before, null when the epoch is over - or goes
 * on in a copy of the process, which has given this number another stamp. Nodes of a former version count by one.
 */
const advance = `
create or replace function turnpike_advance(p_epoch bigint, p_lane text, p_seq bigint) returns boolean
language plpgsql as $$
declare v_seq bigint;
begin
  update node_lane set seq = p_seq where epoch = p_epoch and lane = p_lane
    and (seq = p_seq - 1 or seq / ${STAMPS} = p_seq / ${STAMPS} - 1);
  if found then return true; end if;
  select seq into v_seq from node_lane where epoch = p_epoch and lane = p_lane;
  if v_seq = p_seq then return false; end if;
  return null;
end $$;`

/**
 * Ends epochs and returns what they hold, whatever their lanes say. Nothing of them is applied afterwards: whoever was
 * about to waits for the lane, and finds none.
 */
const end = `
create or replace function turnpike_end(p_epochs bigint[]) returns void
language plpgsql as $$
begin
  perform 1 from node_lane where epoch = any(p_epochs) order by epoch, lane for update;
  perform 1 from balance b where b.entity in (select h.entity from hold h where h.epoch = any(p_epochs))
    order by (b.entity % 4 = 0), b.entity for update;
  perform 1 from hold h where h.epoch = any(p_epochs) order by h.entity, h.epoch for update;
  insert into balance as b (entity, remain, used, requests)
  select h.entity, sum(h.granted - h.spent), sum(h.used), sum(h.requests) from hold h where h.epoch = any(p_epochs)
  group by h.entity order by h.entity
  on conflict (entity) do update set remain = b.remain + excluded.remain, used = b.used + excluded.used,
    requests = b.requests + excluded.requests;
  delete from hold where epoch = any(p_epochs);
  delete from node_lane where epoch = any(p_epochs);
  delete from node where epoch = any(p_epochs);
end $$;`

/**
 * A sequence may forget its last numbers in a failover, and an epoch that two nodes take for their own would mix their
 * holds: half of the number is chance. All epochs that the node had before end in the same transaction: a failover that
 * undoes the end of one undoes the next epoch with it, under which its node would have gone on.
 */
const register = `
create or replace function turnpike_register(p_name text, p_url text, p_version text, p_seconds bigint, p_former bigint[])
returns bigint
language plpgsql set lock_timeout = '2s' as $$
declare v_epoch bigint := nextval('node_epoch') * 1048576 + floor(random() * 1048576)::bigint;
begin
  if cardinality(p_former) > 0 then perform turnpike_end(p_former); end if;
  insert into node (epoch, name, url, version, started_at) values (v_epoch, p_name, p_url, p_version, p_seconds);
  insert into node_lane (epoch, lane, seq) values (v_epoch, 'move', 0), (v_epoch, 'settle', 0);
  return v_epoch;
end $$;`

/**
 * A period of a budget without an entry but refunds has no balance, whatever is in its row: a failover has lost that it was
 * opened, and calls that settled late have made the row. Its node must open it again.
 */
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
    where b.entity = any(p_entities) and (b.entity % 4 <> 2 or b.remain > 0 or coalesce(h.granted, 0) > 0
      or exists (select 1 from entry e where e.entity = b.entity and e.kind <> 'refund'));
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
  perform turnpike_end(array[p_epoch]);
  return true;
end $$;`

export const ledgerFunctions = [advance, end, register, move, reap].join('\n')
