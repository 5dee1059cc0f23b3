/** What management writes do with budgets: each is one statement of such a write, and so no two run at once. */

/** What an owner's budget of a period is now; null when there is none. */
const budgetAmount = `
create or replace function turnpike_budget_amount(p_key bigint, p_account bigint, p_period text) returns bigint
language sql stable as $$
  select (one ->> 'amount')::bigint from (
    select k.extra as rules from key k where k.id = p_key and k.deleted_at is null
    union all
    select a.limits from account a where a.id = p_account and a.deleted_at is null
  ) as owner, jsonb_array_elements(owner.rules::jsonb -> 'budgets') as one where one ->> 'period' = p_period
$$;`

/**
 * Opens the balance of a period with what its owner's budget is now, and says what it has; nothing when there is no such
 * budget. No other node needs to hear of a balance that nobody knows yet: the row is not called `entity`.
 */
const openBudget = `
create or replace function turnpike_open_budget(p_entity bigint, p_key bigint, p_account bigint, p_period text, p_seconds bigint)
returns table (budget bigint, remain bigint)
language plpgsql as $$
#variable_conflict use_column
declare v_amount bigint := turnpike_budget_amount(p_key, p_account, p_period);
begin
  if v_amount is null then return; end if;
  insert into balance as b (entity, remain, used, requests) values (p_entity, v_amount, 0, 0)
    on conflict (entity) do nothing;
  if found then
    insert into entry (entity, delta, kind, reason, actor, created_at)
    values (p_entity, v_amount, 'grant', 'budget', 'gateway', p_seconds);
  end if;
  return query select n.entity, n.remain from balance_now n where n.entity = p_entity;
end $$;`

/**
 * Grants its amount to a period that has a row and no entry but refunds: a failover has lost that it was opened, and calls
 * that settled in it have made the row. Nodes may know it as empty: they hear of it.
 */
const reopenBudget = `
create or replace function turnpike_reopen_budget(p_entity bigint, p_key bigint, p_account bigint, p_period text, p_seconds bigint)
returns table (entity bigint, remain bigint)
language plpgsql as $$
#variable_conflict use_column
declare v_amount bigint;
begin
  if exists (select 1 from entry e where e.entity = p_entity and e.kind <> 'refund') then return; end if;
  if not exists (select 1 from balance b where b.entity = p_entity) then return; end if;
  v_amount := turnpike_budget_amount(p_key, p_account, p_period);
  if v_amount is null then return; end if;
  insert into entry (entity, delta, kind, reason, actor, created_at)
  values (p_entity, v_amount, 'grant', 'budget', 'gateway', p_seconds);
  -- What refunds gave stays on top of it.
  return query select * from turnpike_change_balance(p_entity, v_amount,
    (select sum(e.delta) from entry e where e.entity = p_entity)::bigint);
end $$;`

/**
 * Makes running periods have what is left of new amounts, and notes the differences. What was given back, or charged besides
 * by the end of a job - nobody else adjusts a budget -, is read from its entries: what corrects `used` says the same again. All
 * are locked before any is changed, in the order of locks; `p_also` too, which another statement of the same write changes.
 */
const setBudgets = `
create or replace function turnpike_set_budgets(
  p_entities bigint[], p_amounts bigint[], p_also bigint[], p_actor text, p_seconds bigint
) returns table (entity bigint, remain bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  v_one record;
  v_delta bigint;
begin
  perform 1 from balance b where b.entity = any(p_entities || p_also) order by (b.entity % 4 = 0), b.entity for update;
  perform 1 from hold h where h.entity = any(p_entities || p_also) order by h.entity, h.epoch for update;
  for v_one in
    select n.entity, n.remain, n.used - b.corrected as used, asked.amount
    from unnest(p_entities, p_amounts) as asked (entity, amount)
      join balance_now n on n.entity = asked.entity join balance b on b.entity = asked.entity
  loop
    v_delta := greatest(v_one.amount - v_one.used + (
      select coalesce(sum(e.delta), 0) from entry e where e.entity = v_one.entity and e.kind in ('refund', 'adjust')
    ), 0) - v_one.remain;
    continue when v_delta = 0;
    insert into entry (entity, delta, kind, reason, actor, created_at)
    values (v_one.entity, v_delta, 'set', 'budget', p_actor, p_seconds);
    return query select * from turnpike_change_balance(v_one.entity, v_delta::bigint, v_one.amount);
  end loop;
end $$;`

export const budgetFunctions = [budgetAmount, openBudget, reopenBudget, setBudgets].join('\n')
