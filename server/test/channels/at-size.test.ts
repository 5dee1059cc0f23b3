import type { KyselyPlugin } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { createDirectory } from '../../src/channels/directory.ts'
import { sealUpstreamKeys } from '../../src/channels/upstream-keys.ts'
import { createGroups } from '../../src/groups/groups.ts'
import { createVault } from '../../src/keys/vault.ts'
import { createPriceBook } from '../../src/prices/price-book.ts'
import type { Store } from '../../src/storage/store.ts'
import type { ChangeKind } from '../../src/storage/tables.ts'
import { openTestStore } from '../tools/database.ts'
import { channelRow } from './a-channel.ts'

const vault = createVault(Buffer.alloc(32, 7), 1)
const CHANNELS = 60
const GROUPS = 12
const MODELS = 30

/** Counts the rows that are read through it. */
function counting(store: Store) {
  const read = { rows: 0 }
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult({ result }) {
      read.rows += result.rows.length
      return Promise.resolve(result)
    },
  }
  return { read, store: { ...store, db: store.db.withPlugin(plugin) } }
}

const channels = Array.from({ length: CHANNELS }, (_, at) =>
  channelRow(at + 1, {
    keys: sealUpstreamKeys(vault, at + 1, [`sk-${at}`]),
    models: JSON.stringify([`m${at % MODELS}`, `m${(at + 1) % MODELS}`]),
    groups: JSON.stringify([`g${at % GROUPS}`]),
  }),
)
const prices = Array.from({ length: MODELS }, (_, at) => ({
  ...{ model: `m${at}`, price: '{"input":"1"}', updated_at: 0 },
}))

/** Groups like the one that there is. */
function groupsLike({ db }: Store) {
  const same = ['description', 'ratio', 'ratios', 'policy'] as const
  return Array.from({ length: GROUPS }, (_, at) =>
    db
      .insertInto('channel_group')
      .columns(['name', ...same])
      .expression(({ selectFrom, val }) =>
        selectFrom('channel_group')
          .select([val(`g${at}`).as('name'), ...same])
          .where('name', '=', 'default'),
      ),
  )
}

async function setUp() {
  const { store } = await openTestStore()
  await store.write([
    store.db.insertInto('channel').values(channels),
    ...groupsLike(store),
    store.db.insertInto('price').values(prices),
  ])
  const counted = counting(store)
  const parts = { store: counted.store, vault, log: { warn() {} } }
  const directory = await createDirectory({
    ...parts,
    askModels: () => Promise.reject(new Error('nobody is asked')),
    accessTo: () => undefined,
  })
  onTestFinished(() => directory.close())
  const book = await createPriceBook(parts)
  const known = await createGroups(parts)
  const { db } = store
  const change = async (
    kind: ChangeKind,
    subject: string,
    update: Parameters<Store['write']>[0],
  ) => {
    counted.read.rows = 0
    await store.write(update, [{ kind, subject }])
    return counted.read.rows
  }
  return { db, directory, book, known, read: counted.read, change }
}

it('a start reads every row once, and a change of one reads that one again', async () => {
  const { db, directory, book, known, read, change } = await setUp()
  // A new installation has two groups: `default`, and what `auto` walks.
  expect(read.rows).toBe(CHANNELS + GROUPS + 2 + MODELS)

  const others = directory.all().filter(({ id }) => id !== 5)
  const ofOthers = directory.candidates('g3', 'm3')
  const channel = db.updateTable('channel').set({ groups: '["g1"]' }).where('id', '=', 5)
  expect(await change('channel', '5', [channel])).toBe(1)
  expect(directory.candidates('g1', 'm4').map(({ id }) => id)).toEqual([5])
  expect(directory.candidates('g4', 'm4').map(({ id }) => id)).not.toContain(5)
  // What it has no part in is what it was, to the object.
  for (const other of others) expect(directory.get(other.id)).toBe(other)
  expect(directory.candidates('g3', 'm3')).toBe(ofOthers)

  const group = db.updateTable('channel_group').set({ ratio: '3' }).where('name', '=', 'g2')
  const before = known.get('g1')
  expect(await change('group', 'g2', [group])).toBe(1)
  expect([known.get('g2')?.ratio, known.get('g1')]).toEqual(['3', before])

  const price = db.updateTable('price').set({ price: '{"input":"9"}' }).where('model', '=', 'm7')
  const priceBefore = book.priceOf('m6')
  expect(await change('price', 'm7', [price])).toBe(1)
  expect(book.override('m7')).toEqual({ input: '9' })
  expect(book.priceOf('m6')).toBe(priceBefore)
})

it('a list that a call is on its way through does not change under it', async () => {
  const { db, directory, change } = await setUp()
  const list = directory.candidates('g4', 'm4')
  const before = [...list]
  const gone = db.updateTable('channel').set({ status: 2 }).where('id', '=', 5)
  await change('channel', '5', [gone])
  expect(list).toEqual(before)
  expect(directory.candidates('g4', 'm4')).not.toContain(before.find(({ id }) => id === 5))
})

it('the prices of more models than callers may make up stay compiled', async () => {
  const { store } = await openTestStore()
  const many = Array.from({ length: 2_500 }, (_, at) => ({
    ...{ model: `m${at}`, price: '{"input":"1"}', updated_at: 0 },
  }))
  await store.write([store.db.insertInto('price').values(many)])
  const book = await createPriceBook({ store })
  const compiled = many.map(({ model }) => book.priceOf(model))
  expect(many.filter(({ model }, at) => book.priceOf(model) !== compiled[at])).toEqual([])
})
