import { afterAll, expect, it } from 'vitest'
import type { NewJob } from '../../src/jobs/job.ts'
import { createJobs } from '../../src/jobs/jobs.ts'
import { StorageUnavailable } from '../../src/storage/failures.ts'
import type { Store } from '../../src/storage/store.ts'
import { newDatabase } from '../tools/database.ts'

const database = await newDatabase()
const store = await database.open()
afterAll(async () => {
  await store.close()
  await database.remove()
})

/** The database takes nothing for so many writes, or what it takes goes unheard. */
function awayFor(
  writes: number,
  { unheard = false } = {},
): Pick<Store, 'db' | 'dialect' | 'write'> {
  let left = writes
  return {
    ...store,
    async write(...asked) {
      if (left-- <= 0) return store.write(...asked)
      if (unheard) await store.write(...asked)
      throw new StorageUnavailable('away', true)
    },
  }
}

const jobsOn = (on: ReturnType<typeof awayFor>) =>
  createJobs({
    ...{ store: on, now: Date.now },
    clock: {
      after(_, call) {
        const soon = setImmediate(call)
        return () => clearImmediate(soon)
      },
    },
  })

const named = (requestId: string): NewJob => ({
  ...{ requestId, kind: 'video', accountId: 1, keyId: 1, payers: [], channelId: 0 },
  ...{ upstreamKey: '', objectId: '', model: 'film', group: 'default', price: undefined },
  ...{ estimate: 300, asked: '{}' },
})

it('a job that nobody was asked for is gone when the database is back', async () => {
  await expect(
    jobsOn(awayFor(1, { unheard: true })).begin(named('unasked'), 1_000),
  ).rejects.toThrow('away')
  expect(await jobsOn(store).ofRequests(['unasked'])).toHaveLength(1)
  await expect(jobsOn(awayFor(3)).drop('unasked')).rejects.toThrow('away')
  await expect.poll(() => jobsOn(store).ofRequests(['unasked'])).toEqual([])
})

it('a job that was begun is asked for by its id, though that could not be written at once', async () => {
  await jobsOn(store).begin(named('begun'), 1_000)
  await jobsOn(awayFor(3)).began('begun', { ...named('begun'), objectId: 'film_1' })
  expect(await jobsOn(store).ofRequests(['begun'])).toMatchObject([{ objectId: 'film_1' }])
})
