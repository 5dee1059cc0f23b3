import { NUMBERS, TEXTS } from '../wire.ts'
import { BY_INDEX } from './ledger-functions.ts'
import { LOCKS } from './locks.ts'

/**
 * How calls are settled, in the order of locks of ledger-functions.ts. A settlement is so many numbers and texts in a row;
 * budgets, which few calls have, come beside them as pairs: the place of the settlement, and the budget's entity. They pay
 * like keys and accounts, and are never unlimited. So do lists of attempts and details, as pairs of a place and a text.
 */

/** Numbers of a settlement that stand before its record's: cost, atMost, key, account, both unlimited flags, epoch. */
const CHARGE = 7
const STRIDE = CHARGE + NUMBERS.length
const number = (at: number) => `p_numbers[i * ${STRIDE} + ${at + 1}]`
/** Nodes of a former version, which run while others are upgraded, send fewer texts: those that were added last are missing. */
const PER_RECORD = 'cardinality(p_texts) / p_count'
const text = (at: number) => `p_texts[i * v_texts + ${at + 1}]`
const OLDEST_TEXTS = 6
const textOrNone = (at: number) =>
  at < OLDEST_TEXTS ? text(at) : `case when v_texts > ${at} then ${text(at)} else '' end`
const REQUEST_ID = text(TEXTS.indexOf('request_id'))

/** The pairs of settlements and budgets, to be read like `generate_series(0, p_count - 1) i`. */
const BUDGETS = 'unnest(p_at, p_budgets) as b (i, entity)'
const partiesWhere = (which: string) => `
  select unnest(array[${number(2)}, ${number(3)}]) from generate_series(0, p_count - 1) i where ${which}
  union all select b.entity from ${BUDGETS} where ${which}`
const PARTIES = partiesWhere('true')
const LATE_PARTIES = partiesWhere(`${number(6)} <> p_epoch`)
const OWN_PARTIES = partiesWhere(`${number(6)} = p_epoch`)
const KEY_PAYS = `${number(4)} = 0`
const ACCOUNT_PAYS = `${number(5)} = 0`

/**
 * One after the other, each as far as its payers' units go: for what was not held, and for holds that were cut. What
 * was settled before its epoch ended comes back as -1 less its charge, so that it is not written again. Everything that
 * is read here was locked before.
 */
const chargeSlowly = `
create or replace function turnpike_charge_slowly(
  p_epoch bigint, p_count int, p_numbers bigint[], p_texts text[], p_at int[], p_budgets bigint[]
) returns bigint[]
language plpgsql as $$
declare
  v_charged bigint[] := array_fill(0::bigint, array[p_count]);
  v_texts int := ${PER_RECORD};
  v_charge bigint;
  v_before bigint;
  v_late boolean;
  v_payers bigint[];
  v_payer bigint;
  v_purses text;
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
    v_purses := case when v_late then 'late ' else 'held ' end;
    v_payers := array(select b.entity from unnest(p_at, p_budgets) as b (at, entity) where b.at = i);
    if ${KEY_PAYS} then v_payers := v_payers || ${number(2)}; end if;
    if ${ACCOUNT_PAYS} then v_payers := v_payers || ${number(3)}; end if;
    v_charge := case when v_late then ${number(0)} else least(${number(0)}, ${number(1)}) end;
    foreach v_payer in array v_payers loop
      v_charge := least(v_charge, coalesce((v_left ->> (v_purses || v_payer))::bigint, 0));
    end loop;
    if v_charge > 0 then
      foreach v_payer in array v_payers loop
        v_left := jsonb_set(v_left, array[v_purses || v_payer], to_jsonb((v_left ->> (v_purses || v_payer))::bigint - v_charge));
      end loop;
    end if;
    if v_late then
      insert into balance as b (entity, remain, used, requests)
        select party.entity, 0, v_charge, 1 from (
          select unnest(array[${number(2)}, ${number(3)}]) as entity
          union all select other.entity from unnest(p_at, p_budgets) as other (at, entity) where other.at = i
        ) as party
        on conflict (entity) do update set used = b.used + excluded.used, requests = b.requests + 1,
          remain = b.remain - case when b.entity = any(v_payers) then v_charge else 0 end;
    end if;
    v_charged[i + 1] := v_charge;
  end loop;
  return v_charged;
end $$;`

const columns = [
  'quota',
  'shortfall',
  'key_charged',
  'account_charged',
  'budgets',
  'attempt_list',
  'details',
  ...NUMBERS,
  ...TEXTS,
]
const values = [
  'v_charged[i + 1]',
  `${number(0)} - v_charged[i + 1]`,
  `1 - ${number(4)}`,
  `1 - ${number(5)}`,
  `coalesce((select string_agg(b.entity::text, ',' order by b.nth)
      from unnest(p_at, p_budgets) with ordinality as b (at, entity, nth) where b.at = i), '')`,
  `(select l.list from unnest(p_lists_at, p_lists) as l (at, list) where l.at = i)`,
  `(select d.details from unnest(p_details_at, p_details) as d (at, details) where d.at = i)`,
  ...NUMBERS.map((_, at) => number(CHARGE + at)),
  ...TEXTS.map((_, at) => textOrNone(at)),
]

/** Touches no row that another node writes, unless something was late: nodes never wait for each other here. */
const settle = `
create or replace function turnpike_settle(
  p_epoch bigint, p_seq bigint, p_count int, p_numbers bigint[], p_texts text[], p_at int[], p_budgets bigint[],
  p_lists_at int[], p_lists text[], p_details_at int[], p_details text[]
) returns table (o_charged bigint, o_shortfall bigint, o_key_spent bigint, o_account_spent bigint, o_budgets_spent text)
language plpgsql set lock_timeout = '2s' ${BY_INDEX} as $$
declare
  v_next boolean;
  v_charged bigint[];
  v_slow boolean;
  v_texts int := case when p_count > 0 then ${PER_RECORD} end;
begin
  perform pg_advisory_xact_lock_shared(${LOCKS.usage});
  v_next := turnpike_advance(p_epoch, 'settle', p_seq);
  if v_next is null then
    return query select -1::bigint, 0::bigint, 0::bigint, 0::bigint, '';
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
      select distinct party as entity from (${OWN_PARTIES}) as own (party)
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
            union all
            select b.entity, least(${number(0)}, ${number(1)}) from ${BUDGETS}
          ) as each_one group by entity
        ) as due left join hold h on h.epoch + 0 = p_epoch and h.entity = due.entity
        where due.charge > coalesce(h.granted - h.spent, 0)
      ) into v_slow;
    end if;
    if v_slow then
      v_charged := turnpike_charge_slowly(p_epoch, p_count, p_numbers, p_texts, p_at, p_budgets);
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
      union all
      select b.entity, v_charged[i + 1], v_charged[i + 1] from ${BUDGETS} where ${number(6)} = p_epoch
    ) as each_one group by entity order by entity
    on conflict (entity, epoch) do update set spent = h.spent + excluded.spent, used = h.used + excluded.used,
      requests = h.requests + excluded.requests;
  else
    -- Applied before: what it did is read from its records.
    v_charged := array(select coalesce((select -1 - u.quota from usage u where u.request_id = ${REQUEST_ID} limit 1), 0)
      from generate_series(0, p_count - 1) i order by i);
  end if;
  return query
    select c.charged, greatest(${number(0)} - c.charged, 0), coalesce(k.spent, 0), coalesce(a.spent, 0), coalesce((
      select string_agg(coalesce(h.spent, 0)::text, ',' order by b.nth)
      from unnest(p_at, p_budgets) with ordinality as b (at, entity, nth)
        left join hold h on h.epoch + 0 = p_epoch and h.entity = b.entity
      where b.at = i
    ), '')
    from generate_series(0, p_count - 1) i
      cross join lateral (select case when v_charged[i + 1] < 0 then -1 - v_charged[i + 1] else v_charged[i + 1] end as charged) c
      left join hold k on k.epoch + 0 = p_epoch and k.entity = ${number(2)}
      left join hold a on a.epoch + 0 = p_epoch and a.entity = ${number(3)}
    order by i;
end $$;`

export const settleFunctions = `${chargeSlowly}\n${settle}`
