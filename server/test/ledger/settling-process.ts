import { createLedger } from '../../src/ledger/create-ledger.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import { recordOf } from './record.ts'

// A process that settles until it is killed, and prints the id of every call whose settlement was acknowledged.
const [path = '', prefix = ''] = process.argv.slice(2)
const store = await openSqliteStore({ path, durability: 'full' })
const ledger = createLedger({ store, now: Date.now })
const key = keyEntity(1)
const account = accountEntity(1)
const opening = { amount: 1e9, actor: 'test', seconds: 1 }
const present = await store.db.selectFrom('balance_now').selectAll().execute()
if (present.length === 0) {
  await store.write([
    ...openBalance(store, { entity: key, ...opening }),
    ...openBalance(store, { entity: account, ...opening }),
  ])
}
for (const entity of [key, account]) {
  ledger.know(entity, present.find((row) => row.entity === entity)?.remain ?? opening.amount)
}

async function call(name: string): Promise<void> {
  const payers = { key, account, keyUnlimited: false, accountUnlimited: false, budgets: [] }
  const reservation = ledger.reserve(payers, units(10))
  if (isShort(reservation)) throw new Error('short')
  await reservation.settle(units(7), recordOf(name))
  process.stdout.write(`${name}\n`)
}

await Promise.all(
  Array.from({ length: 16 }, async (_, lane) => {
    for (let n = 0; ; n++) await call(`${prefix}-${lane}-${n}`)
  }),
)
