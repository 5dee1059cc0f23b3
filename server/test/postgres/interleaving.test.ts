import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { balanceFunctions } from '../../src/storage/postgres/balance-functions.ts'
import { budgetFunctions } from '../../src/storage/postgres/budget-functions.ts'
import { ledgerFunctions } from '../../src/storage/postgres/ledger-functions.ts'
import { settleFunctions } from '../../src/storage/postgres/settle-functions.ts'
import { newDatabase } from '../tools/database.ts'
import { openStage, play, schedules } from './schedules.ts'
import { runOn } from './sessions.ts'

const SEED = Number(process.env.TURNPIKE_SCHEDULE_SEED ?? 20_260_101)
const SCHEDULES = Number(process.env.TURNPIKE_SCHEDULES ?? 14)

/** Deadlocks are looked for at once, and between any two locks of a function there is time for others. */
const SLOWLY = `
  create function slowly() returns trigger language plpgsql as $$
  begin
    perform pg_sleep(random() * 0.003);
    return case tg_op when 'DELETE' then old else new end;
  end $$;
  create trigger slowly before insert or update or delete on balance for each row execute function slowly();
  create trigger slowly before insert or update or delete on hold for each row execute function slowly();`
const slowed = (functions: string) =>
  functions.replaceAll('perform 1 from', 'perform pg_sleep(random() * 0.003) from')

const same = (functions: string): string => functions

/** A database whose functions take their time, and differ by `edit` from ours. */
async function openSlowly({ edit = same, leaveAnytime = false } = {}) {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const url = database.config.databaseUrl ?? ''
  const functions = [settleFunctions, ledgerFunctions, balanceFunctions, budgetFunctions].join('\n')
  const edited = edit(functions)
  const { pathname } = new URL(url)
  await runOn(
    url,
    `alter database ${pathname.slice(1)} set deadlock_timeout = '20ms'; ${SLOWLY} ${slowed(edited)}`,
  )
  return { database, stage: await openStage(url, leaveAnytime), isEdited: edited !== functions }
}

it('the ledger’s functions in any order and at once: no deadlock, no unit made or lost, nothing written twice', {
  timeout: 120_000,
}, async () => {
  const { database, stage } = await openSlowly()
  const property = fc.asyncProperty(schedules, async (schedule) => {
    await play(stage, schedule)
    expect(stage.collisions).toEqual([])
    expect(stage.complaints).toEqual([])
    expect(await database.doctor()).toEqual([])
  })
  // Smaller schedules would race otherwise.
  await fc.assert(property, { seed: SEED, numRuns: SCHEDULES, endOnFailure: true })
  expect(stage.settled).toBeGreaterThan(SCHEDULES * 5)
})

it('a hold that is given back while a call of it is settled: no unit made or lost, and no call uncounted', {
  timeout: 120_000,
}, async () => {
  const { database, stage } = await openSlowly({ leaveAnytime: true })
  const property = fc.asyncProperty(schedules, async (schedule) => {
    await play(stage, schedule)
    expect(stage.complaints).toEqual([])
    expect(await database.doctor()).toEqual([])
  })
  await fc.assert(property, { seed: SEED, numRuns: SCHEDULES / 2, endOnFailure: true })
})

/** What the functions rest on, taken away one by one: what is edited, into what, and what must tell of it. */
const WEAKNESSES: readonly {
  readonly says: string
  readonly ours: string | RegExp
  readonly wrong: string
  readonly toldBy: 'deadlock' | 'books'
}[] = [
  {
    says: 'a move locks keys before accounts',
    ours: 'order by (entity % 4 = 0),',
    wrong: 'order by (entity % 4 <> 0),',
    toldBy: 'deadlock',
  },
  {
    says: 'a settlement locks holds from the other end',
    ours: 'order by h.entity for',
    wrong: 'order by h.entity desc for',
    toldBy: 'deadlock',
  },
  {
    says: 'a settlement makes the holds that are missing after it has locked the others',
    ours: /insert into hold as h [^;]*do nothing;/,
    wrong: '',
    toldBy: 'deadlock',
  },
  {
    says: 'a move makes the holds that are missing after it has locked the others',
    ours: /(insert into hold \([^;]*do nothing;)\s*(perform [^;]*;)/,
    wrong: '$2 $1',
    toldBy: 'deadlock',
  },
  {
    says: 'a statement of an ended epoch is applied',
    ours: 'return null;',
    wrong: 'return true;',
    toldBy: 'books',
  },
  {
    says: 'a call that is sent again is applied again',
    ours: 'if v_seq = p_seq then return false;',
    wrong: 'if v_seq = p_seq then return true;',
    toldBy: 'books',
  },
]

it.each(WEAKNESSES)(
  'it is noticed: $says',
  { timeout: 120_000 },
  async ({ ours, wrong, toldBy }) => {
    const { database, stage, isEdited } = await openSlowly({
      edit: (functions) => functions.replace(ours, wrong),
    })
    expect(isEdited).toBe(true)
    let told: readonly unknown[] = []
    const property = fc.asyncProperty(schedules, async (schedule) => {
      await play(stage, schedule)
      told =
        toldBy === 'deadlock'
          ? stage.collisions.filter((state) => state === '40P01')
          : [...stage.complaints, ...(await database.doctor())]
      return told.length === 0
    })
    // Chance has its part in who comes first: the search ends with the first that tells.
    const search = { seed: SEED, numRuns: 6 * SCHEDULES, endOnFailure: true }
    const { errorInstance } = await fc.check(property, search)
    // A function that breaks down is no proof.
    expect([String(errorInstance), told.length]).toEqual([
      expect.stringContaining('returning false'),
      expect.any(Number),
    ])
    expect(told.length).toBeGreaterThan(0)
  },
)
