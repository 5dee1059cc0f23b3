import type { Settled, Settlement, UsageRecord } from '../store.ts'
import { NUMBERS, TEXTS } from '../wire.ts'
import type { Connection } from './connection.ts'
import { textOf } from './literal.ts'
import { LOCKS } from './locks.ts'

const COLUMNS = [...NUMBERS, ...TEXTS]
const MOST_COUNTED = Number.MAX_SAFE_INTEGER

/**
 * Charges one call from the balances and writes its record. Account before key, always, so that two calls never wait
 * for each other.
 */
export const settleDirectly = `
create function turnpike_settle_directly(charge jsonb, usage_record jsonb) returns jsonb
language plpgsql set lock_timeout = '2s' as $$
declare
  key_entity bigint := charge->>'key';
  account_entity bigint := charge->>'account';
  key_finite boolean := not (charge->>'keyUnlimited')::boolean;
  account_finite boolean := not (charge->>'accountUnlimited')::boolean;
  cost bigint := charge->>'cost';
  charged bigint := least(cost, (charge->>'atMost')::bigint);
  key_remain bigint;
  account_remain bigint;
begin
  perform pg_advisory_xact_lock_shared(${LOCKS.usage});
  insert into balance (entity, remain, used, requests)
    select entity, 0, 0, 0 from unnest(array[account_entity, key_entity]) as entity
    where not exists (select 1 from balance where balance.entity = entity.entity) on conflict do nothing;
  select remain into account_remain from balance where entity = account_entity for update;
  select remain into key_remain from balance where entity = key_entity for update;
  if key_finite then charged := least(charged, key_remain); end if;
  if account_finite then charged := least(charged, account_remain); end if;
  update balance set remain = remain - case when account_finite then charged else 0 end,
    used = least(used + charged, ${MOST_COUNTED}), requests = requests + 1
    where entity = account_entity returning remain into account_remain;
  update balance set remain = remain - case when key_finite then charged else 0 end,
    used = least(used + charged, ${MOST_COUNTED}), requests = requests + 1
    where entity = key_entity returning remain into key_remain;
  insert into usage (quota, shortfall, key_charged, account_charged, ${COLUMNS.join(', ')})
    select charged, cost - charged, key_finite::int, account_finite::int, ${COLUMNS.join(', ')}
    from jsonb_to_record(usage_record) as given(${[...NUMBERS.map((name) => `${name} bigint`), ...TEXTS.map((name) => `${name} text`)].join(', ')});
  return jsonb_build_object('charged', charged, 'shortfall', cost - charged,
    'keyRemain', key_remain, 'accountRemain', account_remain);
end
$$;
`

export interface DirectSettleParts {
  /** Calls come back in the order of their commits: all of this node's use one connection. */
  readonly connection: Connection
  readonly onBalance: (entity: number, remain: number) => void
}

/** Settles each call by itself, straight from the balances: right as long as one node does it. */
export function createDirectSettle({ connection, onBalance }: DirectSettleParts) {
  return async (settlement: Settlement): Promise<Settled> => {
    const settled = await connection.run(async (client) => {
      const { record, ...charge } = settlement
      const safe = { ...charge, cost: whole(charge.cost), atMost: whole(charge.atMost) }
      const { rows } = await client.query<{ settled: Settled }>(
        'select turnpike_settle_directly($1, $2) as settled',
        [JSON.stringify(safe), JSON.stringify(mended(record))],
      )
      const [row] = rows
      if (row === undefined) throw new Error('the database did not say what it settled')
      onBalance(settlement.key, row.settled.keyRemain)
      onBalance(settlement.account, row.settled.accountRemain)
      return row.settled
    })
    return settled
  }
}

/** A record that the table takes: whole numbers, and texts without what no text may hold. */
function mended(record: UsageRecord): Record<string, string | number> {
  return Object.fromEntries([
    ...NUMBERS.map((name) => [name, whole(Math.trunc(record[name]))]),
    ...TEXTS.map((name) => [name, textOf(String(record[name]))]),
  ])
}

const whole = (value: number): number => (Number.isSafeInteger(value) && value > 0 ? value : 0)
