import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { createEvents } from '../../src/events/events.ts'
import { createEventRetention } from '../../src/events/retention.ts'
import { openTestStore } from '../tools/database.ts'

const DAY_MS = 86_400_000

async function rig() {
  const { store, database } = await openTestStore()
  const logs: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void logs.push(line) })
  let at = Date.now()
  const now = () => at
  const events = createEvents({ store, now, random: (bytes) => randomBytes(bytes), log })
  const webhook = (id: number, types: string, status = 1) =>
    database.tamper(`insert into webhook (id, name, url, events, status, secret, created_at)
      values (${id}, 'x', 'https://a.example', '${types}', ${status}, '', 1)`)
  const advance = (ms: number) => {
    at += ms
  }
  return { store, database, events, webhook, logs, now, advance }
}

it('an event that is emitted is written for those that want it, and said in the log', async () => {
  const { database, events, webhook, logs } = await rig()
  await webhook(1, '[]')
  await webhook(2, '["channel.opened"]')
  await webhook(3, '["channel.closed"]')
  await webhook(4, '[]', 2)
  let told = 0
  events.onTold(() => told++)
  const facts = { channel_id: 3, channel_name: 'main', node: 'a:1', reason: 'denied', seconds: 60 }
  events.emit('channel.opened', facts)
  await events.flush()
  expect(told).toBe(1)
  const rows = await database.rows('select webhook_id from delivery order by webhook_id')
  expect(rows.map(({ webhook_id }) => Number(webhook_id))).toEqual([1, 2])
  const [event] = await database.rows('select body from event')
  expect(JSON.parse(String(event?.body))).toMatchObject({ type: 'channel.opened', data: facts })
  expect(logs.map((line) => JSON.parse(line))).toMatchObject([
    { level: 50, event: 'channel.opened', channel_id: 3, reason: 'denied' },
  ])
})

it('a breaker is an error in the log where somebody has to do something, else a warning', async () => {
  const { events, logs } = await rig()
  const facts = { channel_id: 3, channel_name: 'main', node: 'a:1', seconds: 60 }
  events.emit('channel.opened', { ...facts, reason: 'denied' })
  await events.flush()
  events.emit('channel.opened', { ...facts, reason: 'overloaded' })
  await events.flush()
  const lines = logs.map((line) => JSON.parse(line))
  expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
    expect.stringMatching(/^50 event channel.opened: .*needs an administrator$/),
    '40 event channel.opened',
  ])
})

it('an event that can not be written is in the log all the same', async () => {
  const { database, events, logs } = await rig()
  await database.tamper('alter table event rename to event_away')
  events.emit('channel.closed', { channel_id: 3, channel_name: 'main', node: 'a:1' })
  await events.flush()
  const lines = logs.map((line) => JSON.parse(line))
  expect(lines).toMatchObject([
    { level: 50, msg: 'an event reaches the log only' },
    { level: 30, event: 'channel.closed' },
  ])
})

it('old events go, with their deliveries, and newer ones stay', async () => {
  const { store, database, events, webhook, now, advance } = await rig()
  await webhook(1, '[]')
  const told = (channel_id: number) =>
    events.emit('channel.closed', { channel_id, channel_name: 'x', node: 'a:1' })
  for (let n = 0; n < 501; n++) told(n)
  await events.flush()
  advance(5 * DAY_MS)
  told(1000)
  await events.flush()
  const retention = createEventRetention({
    ...{ store, now },
    settings: { get: (() => 4) as never },
    failed: (error) => expect.unreachable(String(error)),
  })
  await retention.run()
  await retention.close()
  for (const table of ['event', 'delivery']) {
    expect(await database.rows(`select id from ${table}`), table).toHaveLength(1)
  }
})
