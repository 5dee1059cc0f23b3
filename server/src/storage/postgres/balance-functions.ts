/** What management does to balances of which nodes have borrowed: in one statement of its write. */

/** Adds to what an entity has in all, or takes from it: first what nobody borrowed, then what nodes have not spent. */
const changeBalance = `
create or replace function turnpike_change_balance(p_entity bigint, p_delta bigint, p_most bigint)
returns table (entity bigint, remain bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  v_remain bigint;
  v_lent bigint;
  v_missing bigint;
  v_part bigint;
  v_hold record;
begin
  select b.remain into v_remain from balance b where b.entity = p_entity for update;
  if not found then return; end if;
  perform 1 from hold h where h.entity = p_entity order by h.epoch for update;
  select coalesce(sum(h.granted - h.spent), 0) into v_lent from hold h where h.entity = p_entity;
  if v_remain + v_lent + p_delta not between 0 and p_most then return; end if;
  update balance b set remain = greatest(v_remain + p_delta, 0) where b.entity = p_entity;
  v_missing := greatest(-(v_remain + p_delta), 0);
  for v_hold in select h.epoch, h.granted - h.spent as free from hold h where h.entity = p_entity order by h.epoch loop
    exit when v_missing = 0;
    v_part := least(v_missing, v_hold.free);
    update hold h set granted = h.granted - v_part where h.epoch = v_hold.epoch and h.entity = p_entity;
    v_missing := v_missing - v_part;
  end loop;
  return query select p_entity, v_remain + v_lent + p_delta;
end $$;`

/** Makes an entity have so much in all, and notes the difference. */
const setBalance = `
create or replace function turnpike_set_balance(p_entity bigint, p_amount bigint, p_reason text, p_actor text, p_seconds bigint)
returns table (entity bigint, remain bigint)
language plpgsql as $$
#variable_conflict use_column
declare v_whole bigint;
begin
  perform 1 from balance b where b.entity = p_entity for update;
  if not found then return; end if;
  perform 1 from hold h where h.entity = p_entity order by h.epoch for update;
  select n.remain into v_whole from balance_now n where n.entity = p_entity;
  if v_whole <> p_amount then
    insert into entry (entity, delta, kind, reason, actor, created_at)
    values (p_entity, p_amount - v_whole, 'set', p_reason, p_actor, p_seconds);
  end if;
  return query select * from turnpike_change_balance(p_entity, p_amount - v_whole, p_amount);
end $$;`

export const balanceFunctions = `${changeBalance}\n${setBalance}`
