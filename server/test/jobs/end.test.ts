import { afterAll, describe, expect, it } from 'vitest'
import type { NewJob } from '../../src/jobs/job.ts'
import { createJobs, LEASE_MS } from '../../src/jobs/jobs.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { correctUsed, openBalance } from '../../src/ledger/statements.ts'
import { recordOf } from '../ledger/record.ts'
import { newDatabase } from '../tools/database.ts'

const database = await newDatabase()
const store = await database.open()
const other = database.config.databaseUrl === undefined ? store : await database.open()
afterAll(async () => {
  await store.close()
  if (other !== store) await other.close()
  expect(await database.doctor()).toEqual([])
  await database.remove()
})
let now = 1_800_000_000_000
const here = createJobs({ store, now: () => now })
const there = createJobs({ store: other, now: () => now })
const LATER_MS = 700_000
let made = 0

/** A job of a payer with so much left whose process died before it was charged. */
async function uncharged(estimate: number, { account = 1_000, key = 1_000 } = {}) {
  const id = 1_000 + ++made
  const payers = [accountEntity(id), keyEntity(id)]
  const opened = { actor: 'test', seconds: 1 }
  await store.write([
    ...openBalance(store, { entity: payers[0] as number, amount: account, ...opened }),
    ...openBalance(store, { entity: payers[1] as number, amount: key, ...opened }),
  ])
  const job: NewJob = {
    ...{ requestId: `request-${made}`, kind: 'video', accountId: id, keyId: id, payers },
    ...{
      channelId: 1,
      upstreamKey: '',
      objectId: `video_${made}`,
      model: 'film',
      group: 'default',
    },
    ...{ price: undefined, estimate, asked: '{}' },
  }
  await here.begin(job, 60_000)
  const [row] = await here.ofRequests([job.requestId])
  const left = async () => {
    const rows = await store.db
      .selectFrom('balance_now')
      .select(['entity', 'remain'])
      .where('entity', 'in', payers)
      .orderBy('entity', 'desc')
      .execute()
    return rows.map(({ remain }) => remain)
  }
  return { job: row as NonNullable<typeof row>, left }
}

describe('a job whose process died before it was charged', () => {
  it('is charged when it has ended, but not as long as its charge may still come', async () => {
    const { job, left } = await uncharged(300)
    expect(await here.end(job, { state: 'lost', cost: undefined })).toBe('unsettled')
    now += LATER_MS
    expect(await here.end(job, { state: 'lost', cost: undefined })).toEqual({
      ...{ correction: 300, shortfall: 0 },
    })
    expect(await left()).toEqual([700, 700])
  })

  it('is charged no more than all of its payers have', async () => {
    const { job, left } = await uncharged(300, { key: 120 })
    now += LATER_MS
    expect(await here.end(job, { state: 'completed', cost: 250 })).toEqual({
      ...{ correction: 120, shortfall: 130 },
    })
    expect(await left()).toEqual([880, 0])
  })

  it('ends once, however many nodes say so', async () => {
    const { job, left } = await uncharged(300)
    now += LATER_MS
    const ends = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        (at % 2 === 0 ? here : there).end(job, { state: 'completed', cost: 40 }),
      ),
    )
    expect(ends.filter((ended) => ended !== undefined)).toEqual([{ correction: 40, shortfall: 0 }])
    expect(await left()).toEqual([960, 960])
  })
})

/** Jobs of a node under which a failover takes place before its next write. */
function losing(lost: () => Promise<unknown>) {
  let next: Promise<unknown> | undefined
  const write: typeof store.write = async (statements) => {
    next ??= lost()
    await next
    return store.write(statements)
  }
  return createJobs({ store: { db: store.db, dialect: store.dialect, write }, now: () => now })
}

describe('a job whose charge is lost by a failover', () => {
  async function charged(units: number) {
    const made = await uncharged(300)
    const { requestId } = made.job
    const record = {
      ...recordOf(requestId),
      id: made.job.id,
      quota: units,
      shortfall: 0,
      budgets: '',
    }
    const charge = store.db
      .insertInto('usage')
      .values({ ...record, key_charged: 1, account_charged: 1 })
    await store.write([charge])
    const lose = () =>
      store.write([store.db.deleteFrom('usage').where('request_id', '=', requestId)])
    return { ...made, lose }
  }

  it('gives nothing of it back, and is charged as if it had never been', async () => {
    const { job, left, lose } = await charged(300)
    now += LATER_MS
    expect(await losing(lose).end(job, { state: 'completed', cost: 40 })).toEqual({
      ...{ correction: 40, shortfall: 0 },
    })
    expect(await left()).toEqual([960, 960])
  })

  it('does not remember it when it is looked at again', async () => {
    const { job, left, lose } = await charged(300)
    await losing(lose).postpone(job, 1)
    now += LATER_MS
    const [read] = await here.ofRequests([job.requestId])
    expect(read?.charged).toBeUndefined()
    expect(await here.end(read as typeof job, { state: 'failed', cost: 0 })).toEqual({
      ...{ correction: 0, shortfall: 0 },
    })
    expect(await left()).toEqual([1_000, 1_000])
  })

  it('remembers what it was charged while its record is there', async () => {
    const { job, left, lose } = await charged(300)
    await here.postpone(job, 1)
    await lose()
    now += LATER_MS
    expect(await here.end(job, { state: 'completed', cost: 300 })).toEqual({
      ...{ correction: 0, shortfall: 0 },
    })
    expect(await left()).toEqual([1_000, 1_000])
  })
})

describe('a job whose usage record was deleted', () => {
  /** A job of which is noted what its record said: 60 units charged, and 40 that nobody had. */
  async function charged() {
    const { job, left } = await uncharged(300)
    const called = {
      ...{ atMs: now, keyName: 'a', model: 'film', group: 'default', channelId: 1, status: 200 },
    }
    const noted = { charged: 60, called: JSON.stringify({ ...called, shortfall: 40 }) }
    await store.write([store.db.updateTable('job').set(noted).where('id', '=', job.id)])
    now += LATER_MS
    const [read] = await here.ofRequests([job.requestId])
    return { job: read as typeof job, left }
  }
  const corrections = ({ requestId }: { requestId: string }) =>
    store.db
      .selectFrom('correction')
      .select(['quota', 'shortfall'])
      .where('request_id', '=', requestId)
      .execute()

  it('is not charged again', async () => {
    const { job, left } = await charged()
    expect(await here.end(job, { state: 'completed', cost: undefined })).toEqual({
      ...{ correction: 0, shortfall: 0 },
    })
    expect(await left()).toEqual([1_000, 1_000])
    expect(await corrections(job)).toEqual([])
  })

  it('costs what it cost in the end, and nothing of that is missing any more', async () => {
    const { job, left } = await charged()
    expect(await here.end(job, { state: 'completed', cost: 50 })).toEqual({
      ...{ correction: -10, shortfall: 0 },
    })
    expect(await left()).toEqual([1_010, 1_010])
    expect(await corrections(job)).toEqual([{ quota: -10, shortfall: -40 }])
    // The record was never there: only what this test says of it.
    await store.write([store.db.deleteFrom('correction').where('request_id', '=', job.requestId)])
    await store.write(correctUsed(store, job.payers, 10))
  })
})

describe('a job that is due', () => {
  it('is looked after by one node at a time, and by another when that one is gone', async () => {
    const { job } = await uncharged(1)
    now += 60_000
    const [due] = (await here.due(50)).filter(({ id }) => id === job.id)
    const claims = await Promise.all(
      [here, there, here, there].map((jobs) => jobs.claim(due as typeof job)),
    )
    expect(claims.filter(Boolean)).toHaveLength(1)
    expect((await there.due(50)).some(({ id }) => id === job.id)).toBe(false)
    now += LEASE_MS
    expect((await there.due(50)).some(({ id }) => id === job.id)).toBe(true)
  })
})
