import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import type { KyselyPlugin } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { createGroups } from '../../src/groups/groups.ts'
import { createKeyCache } from '../../src/keys/key-cache.ts'
import { createVault } from '../../src/keys/vault.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { openLedger } from '../../src/ledger/open-ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { openTestStore } from '../tools/database.ts'

const KEYS = 4
const by = { actor: 'test', reason: '' }

/** What may happen to four keys of two accounts, at the same time unless somebody waits. */
type Step =
  | { readonly kind: 'find' | 'change' | 'account'; readonly key: number; readonly slow: number }
  | { readonly kind: 'adjust'; readonly key: number; readonly delta: number }
  | { readonly kind: 'wait' }

const key = fc.integer({ min: 1, max: KEYS })
const kind = fc.constantFrom(
  'find' as const,
  'find' as const,
  'change' as const,
  'account' as const,
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind, key, slow: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('adjust' as const),
      key,
      delta: fc.integer({ min: -9, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'wait' as const }) },
)

/** A cache with room for two of the keys, on a database whose answers may be late. */
async function openWorld() {
  const { store } = await openTestStore()
  const ledger = openLedger(store, Date.now)
  const vault = createVault(randomBytes(32), 1)
  const late: number[] = []
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      const turns = late.pop() ?? 0
      for (let turn = 0; turn < turns; turn++) await pause(1)
      return result
    },
  }
  const { write, onChange, onBehind } = store
  const settings = { get: () => 2 as never }
  const groups = await createGroups({ store })
  const db = store.db.withPlugin(plugin)
  const cache = createKeyCache({
    store: { db, dbForCalls: db, write, onChange, onBehind },
    ...{ vault, ledger, settings, groups, now: Date.now },
  })
  onTestFinished(() => cache.close())
  const digests = Array.from({ length: KEYS + 1 }, (_, id) => vault.digest(`value-of-key-${id}`))
  const opening = { ...by, seconds: 1, amount: 1_000 }
  await store.write([
    ...[1, 2].flatMap((id) => [
      store.db.insertInto('account').values({
        ...{ id, username: `0.${id}`, password_hash: null, role: 'user', status: 1, created_at: 1 },
        ...{ group_name: 'default', groups: '[]', unlimited_quota: 0, deleted_at: null },
      }),
      ...openBalance(store, { ...opening, entity: accountEntity(id) }),
    ]),
    ...Array.from({ length: KEYS }, (_, at) => at + 1).flatMap((id) => [
      store.db.insertInto('key').values({
        ...{ id, account_id: accountOf(id), digest: digests[id] ?? '', pepper_id: 1, sealed: null },
        ...{ hint: '', name: '0', status: 1, created_time: 1, accessed_time: 1, expired_time: -1 },
        ...{ unlimited_quota: 0, model_limits_enabled: 0, model_limits: '', allow_ips: null },
        ...{ group_name: '', cross_group_retry: 0, extra: null, deleted_at: null },
      }),
      ...openBalance(store, { ...opening, entity: keyEntity(id) }),
    ]),
  ])
  return { store, ledger, cache, digests, late }
}

const accountOf = (key: number) => 1 + (key % 2)
const payersOf = (key: number) => ({
  key: keyEntity(key),
  account: accountEntity(accountOf(key)),
  keyUnlimited: false,
  accountUnlimited: false,
  budgets: [],
})

it('is never older than a change that was answered before the question, in whatever order reads come back', async () => {
  const { store, ledger, cache, digests, late } = await openWorld()
  const find = async (key: number) => cache.find(digests[key] ?? '')
  /** The newest change of each that was asked for, and that was answered. */
  let newest = 0
  const answered = { key: new Map<number, number>(), account: new Map<number, number>() }
  const least = (key: number) => ({
    name: answered.key.get(key) ?? 0,
    username: answered.account.get(accountOf(key)) ?? 0,
  })

  const stored = async (key: number) => {
    const balances = store.db.selectFrom('balance_now').select('remain')
    const { remain } = await balances.where('entity', '=', keyEntity(key)).executeTakeFirstOrThrow()
    return remain
  }

  async function look(key: number): Promise<void> {
    const { name, username } = least(key)
    const found = await find(key)
    expect(Number(found?.name)).toBeGreaterThanOrEqual(name)
    expect(Number(found?.username)).toBeGreaterThanOrEqual(username)
  }

  async function change(table: 'key' | 'account', id: number): Promise<void> {
    const to = ++newest
    const set = table === 'key' ? { name: String(to) } : { username: String(to) }
    const query = store.db.updateTable(table).set(set).where('id', '=', id)
    await store.write([query], [{ kind: table, subject: String(id) }])
    answered[table].set(id, Math.max(to, answered[table].get(id) ?? 0))
  }

  async function adjust(key: number, delta: number): Promise<void> {
    await ledger.adjust({ entity: keyEntity(key), delta, ...by })
  }

  function begin(step: Step): Promise<void> | undefined {
    switch (step.kind) {
      case 'find':
        late.push(step.slow)
        return look(step.key)
      case 'change':
        return change('key', step.key)
      case 'account':
        return change('account', accountOf(step.key))
      case 'adjust':
        return adjust(step.key, step.delta)
      case 'wait':
        return undefined
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let running: Promise<void>[] = []
      for (const next of steps) {
        const work = begin(next)
        if (work) running.push(work)
        else await Promise.all(running.splice(0))
      }
      await Promise.all(running)
      late.length = 0
      running = []
      for (let key = 1; key <= KEYS; key++) {
        await look(key)
        const least = Math.min(await stored(key), 1_000)
        // One of many nodes asks again for what was read while it changed.
        await expect.poll(() => ledger.remaining(payersOf(key)), { interval: 2 }).toBe(least)
      }
    }),
    { numRuns: 250 },
  )
  expect(cache.size).toBeLessThanOrEqual(2)
})
