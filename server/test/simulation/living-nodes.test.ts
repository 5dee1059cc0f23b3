import { expect, it } from 'vitest'
import { accountEntity, budgetEntity, keyEntity } from '../../src/ledger/entity.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { STAMPS } from '../../src/storage/lanes/lane.ts'
import { recordOf } from '../ledger/record.ts'
import { Database } from './database.ts'
import { changeBalance, changeOwner, openBalance } from './database-management.ts'
import { HEARD_MS } from './hearing.ts'
import { createNetwork } from './network.ts'
import { type Node, startNode } from './node.ts'
import { QUIET } from './profile.ts'
import { World } from './world.ts'

/** Worlds in which nodes begin, beat and look at other moments, and their clocks go otherwise. */
const SEEDS = Array.from({ length: 100 }, (_, n) => n + 1)
/** Above the 15 s after which a node that stands still is dead. */
const AWAY_MS = 20_000
/** The longest that a call waits for an answer that does not come, and its next attempt. */
const RECOVERED_MS = 8_000

async function openNodes(seed: number) {
  const world = new World(seed)
  const database = new Database(world)
  const network = createNetwork(world, database, QUIET)
  const nodes: Node[] = []
  for (let n = 0; n < 3; n++) {
    await world.run(world.now + world.random.next() * 2_000)
    startNode({ world, database, network }, `node-${n}`, (node) => nodes.push(node))
  }
  await world.run(world.now + 10_000)
  const epochs = () => [...database.lanes.rows()].map(([epoch]) => epoch)
  return { world, database, network, nodes, epochs }
}

type Opened = Awaited<ReturnType<typeof openNodes>>

/** Takes the database away from everybody for so long. */
const AWAY: Readonly<Record<string, (opened: Opened, ms: number) => void>> = {
  'refuses connections': ({ world, database }, ms) => {
    database.up = false
    database.incarnation++
    world.after(ms, () => {
      database.up = true
    })
  },
  'answers nobody': ({ world, network, nodes }, ms) => {
    for (const { owner } of nodes) network.cutOff(owner, world.now + ms)
  },
}

it.each(Object.keys(AWAY))(
  'where the database %s for a while, no living node loses its epoch',
  async (how) => {
    for (const seed of SEEDS) {
      const opened = await openNodes(seed)
      const { world, nodes, epochs } = opened
      const before = epochs()
      expect(before).toHaveLength(3)
      for (const ms of [AWAY_MS, world.random.next() * AWAY_MS, AWAY_MS]) {
        AWAY[how]?.(opened, ms)
        await world.run(world.now + ms + RECOVERED_MS)
        expect([seed, ms, epochs()]).toEqual([seed, ms, before])
        expect(nodes.map(({ store }) => store.accepting())).toEqual([true, true, true])
      }
    }
  },
)

it('a node that died while the database was away is found out when it is back', async () => {
  for (const seed of SEEDS) {
    const opened = await openNodes(seed)
    const { world, nodes, epochs } = opened
    const [dead, ...others] = nodes
    AWAY['answers nobody']?.(opened, AWAY_MS)
    if (dead !== undefined) dead.owner.gone = true
    await world.run(world.now + AWAY_MS)
    expect(epochs()).toHaveLength(3)
    await world.run(world.now + 20_000)
    expect([seed, epochs()]).toEqual([seed, others.map(({ loans }) => loans.epoch)])
  }
})

it('a change that comes when the database is back is heard in time, however long it was away', async () => {
  for (const seed of SEEDS) {
    const opened = await openNodes(seed)
    const { world, database, nodes } = opened
    const [key, account] = [keyEntity(1), accountEntity(1)]
    for (const { keys } of nodes) keys.set(key, { account, budgets: undefined, readAt: world.now })
    const ms = AWAY_MS + world.random.next() * AWAY_MS
    AWAY['refuses connections']?.(opened, ms)
    await world.run(world.now + ms)
    // Nobody is notified of it.
    changeOwner(database, key)
    await world.run(world.now + HEARD_MS)
    expect([seed, nodes.filter(({ keys }) => keys.has(key)).length]).toEqual([seed, 0])
  }
})

it('what was granted while changes were missed is found, also of a key of which a call holds all that was known', async () => {
  const { world, database, nodes } = await openNodes(1)
  const [node] = nodes
  if (node === undefined) throw new Error('nobody has joined')
  const key = keyEntity(1)
  openBalance(database, key, 100)
  node.ledger.know(key, 100)
  const payers = {
    ...{ key, account: accountEntity(1), keyUnlimited: false, accountUnlimited: true },
    budgets: [],
  }
  const ask = async (amount: number) => {
    const asked = Promise.resolve(node.ledger.reserve(payers, units(amount)))
    await world.run(world.now + 100)
    return asked
  }
  expect(isShort(await ask(100))).toBe(false)
  expect(await ask(50)).toMatchObject({ reserved: true })
  changeBalance(database, { entity: key, delta: 900 })
  // Swept before the node looked.
  database.changes.delete(database.newest)
  await world.run(world.now + HEARD_MS)
  expect(isShort(await ask(500))).toBe(false)
})

it('what a call of a period left behind whose balance is lost is given back once, not every second', async () => {
  const { world, database, nodes } = await openNodes(1)
  const [node] = nodes
  if (node === undefined) throw new Error('nobody has joined')
  const day = budgetEntity({ owner: keyEntity(1), period: 'day', number: 1 })
  const payers = {
    ...{ key: keyEntity(1), account: 5, keyUnlimited: true, accountUnlimited: true },
    budgets: [day],
  }
  node.ledger.know(day, 100)
  const got = await node.ledger.reserve(payers, units(0))
  if (isShort(got)) throw new Error('nothing is too much')
  void got.settle(units(0), recordOf('a'))
  await world.run(world.now + 10_000)
  expect(database.holdsOf(day)).toMatchObject([{ granted: 0, requests: 1 }])
  const moves = () => Math.floor((database.lanes.get(node.loans.epoch)?.move ?? 0) / STAMPS)
  const before = moves()
  await world.run(world.now + 60_000)
  // A heartbeat every two seconds.
  expect(moves() - before).toBeLessThan(33)
  expect(moves() - before).toBeGreaterThan(27)
})

it('a node whose call is answered only when it is sent again takes that for no sign of life', async () => {
  for (const seed of SEEDS) {
    const { world, database, network, nodes } = await openNodes(seed)
    const [node] = nodes
    if (node === undefined) throw new Error('nobody has joined')
    // Its first attempt is applied: that is when the others saw its lane move last, and they end it 15 s later.
    network.deafen(node.owner, world.now + 12_000 + world.random.next() * 6_000)
    const until = world.now + 30_000
    while (world.now < until) {
      await world.run(world.now + 50)
      const isLiving = database.lanes.get(node.loans.epoch) !== undefined
      expect([seed, world.now, isLiving || !node.store.accepting()]).toEqual([
        seed,
        world.now,
        true,
      ])
    }
    expect(node.store.accepting()).toBe(true)
  }
})
