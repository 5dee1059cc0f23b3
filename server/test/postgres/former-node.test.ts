import { expect, it, onTestFinished } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { createLedgerCalls, type RunArrays } from '../../src/storage/postgres/ledger-calls.ts'
import { TEXTS } from '../../src/storage/wire.ts'
import { recordOf } from '../ledger/record.ts'
import { newDatabase } from '../tools/database.ts'
import { openSession } from './sessions.ts'

/** Texts of a record that nodes knew before there was `requested_model`, and all texts among the parameters of a settling. */
const FORMER_TEXTS = 6
const TEXTS_AT = 4

it('a node of the former version, which knows fewer columns, still settles its calls', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const { run } = await openSession(database.config.databaseUrl ?? '')
  const callsOn = (settleLane: RunArrays) =>
    createLedgerCalls({
      ...{ moveLane: run, settleLane, others: run },
      ...{ clock: machineClock, onNotification: () => undefined },
    })
  const present = callsOn(run)
  const former = callsOn((sql, parameters) => {
    const texts = parameters[TEXTS_AT] as readonly string[]
    const known = texts.filter((_, at) => at % TEXTS.length < FORMER_TEXTS)
    return run(sql, parameters.with(TEXTS_AT, known))
  })
  const epoch = await present.register({ name: 'former', url: '', version: '' }, [])
  const settlementOf = (id: string, requested_model: string) => ({
    record: { ...recordOf(id), model: `model of ${id}`, requested_model },
    ...{ cost: 0, atMost: 0, key: keyEntity(1), account: keyEntity(2), budgets: [], epoch },
    ...{ keyUnlimited: true, accountUnlimited: true },
  })
  const before = [settlementOf('one', ''), settlementOf('two', '')]
  await former.settle({ epoch, seq: 1, settlements: before })
  const now = [settlementOf('three', 'asked'), settlementOf('four', '')]
  await present.settle({ epoch, seq: 2, settlements: now })

  const rows = await run(`select ${[...TEXTS].join(', ')} from usage order by id`, [])
  const wanted = [...before, ...now].map(({ record }) => TEXTS.map((name) => record[name]))
  expect(rows).toEqual(wanted)
})
