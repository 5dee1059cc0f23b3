import { expect, it, onTestFinished } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { createLedgerCalls } from '../../src/storage/postgres/ledger-calls.ts'
import { NUMBERS, TEXTS } from '../../src/storage/wire.ts'
import { recordOf } from '../ledger/record.ts'
import { newDatabase } from '../tools/database.ts'
import { openSession } from './sessions.ts'

/** What the nodes of before `requested_model` send of a record. */
const FORMER_TEXTS = ['request_id', 'key_name', 'model', 'group_name', 'error_code', 'ip'] as const

it('a node of the former version, which knows fewer columns, still settles its calls', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const { run } = await openSession(database.config.databaseUrl ?? '')
  const calls = createLedgerCalls({
    ...{ moveLane: run, settleLane: run, others: run },
    ...{ clock: machineClock, onNotification: () => undefined },
  })
  const epoch = await calls.register({ name: 'former', url: '', version: '' })
  const records = ['one', 'two'].map((id) => ({ ...recordOf(id), model: `model of ${id}` }))
  const numbers = records.flatMap((record) => [
    ...[0, 0, keyEntity(1), keyEntity(2), 1, 1, epoch],
    ...NUMBERS.map((name) => record[name]),
  ])
  const texts = records.flatMap((record) => FORMER_TEXTS.map((name) => record[name]))
  const asked = [epoch, 1, 2, numbers, texts, [], []]
  await run('select * from turnpike_settle($1, $2, $3, $4, $5, $6, $7)', asked)
  const record = { ...recordOf('three'), model: 'served', requested_model: 'asked' }
  const charge = { cost: 0, atMost: 0, key: keyEntity(1), account: keyEntity(2), budgets: [] }
  const settlement = { ...charge, keyUnlimited: true, accountUnlimited: true, epoch, record }
  await calls.settle({ epoch, seq: 2, settlements: [settlement] })

  const columns = [...TEXTS].join(', ')
  const rows = await run(`select ${columns} from usage order by id`, [])
  const wanted = [...records, record].map((one) => TEXTS.map((name) => one[name]))
  expect(rows).toEqual(wanted)
})
