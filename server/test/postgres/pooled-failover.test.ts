import { expect, it, onTestFinished } from 'vitest'
import { runDoctorOn } from '../../src/ledger/doctor.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { startPostgresServer } from '../tools/postgres-server.ts'
import { startHandover } from './handover.ts'
import { rowsOn, runOn } from './sessions.ts'

const PASSWORD = 'a password of no administrator'
const SOON = { timeout: 15_000 }

/** A primary and its standby, with a database of a role that may do nothing else. */
async function openPair() {
  const server = await startPostgresServer({ max_connections: '100' })
  onTestFinished(() => server.stop())
  await runOn(server.urlOf('postgres'), `create role ordinary login password '${PASSWORD}'`)
  await runOn(server.urlOf('postgres'), 'create database ordinary owner ordinary')
  const standby = await server.startStandby()
  onTestFinished(() => standby.stop())
  return { primary: server.urlOf('ordinary'), standby: standby.urlOf('ordinary') }
}

/** The pair behind a pooler that leads to the primary, and a store that knows the pooler alone. */
async function openPooled() {
  const pair = await openPair()
  const ordinary = { username: 'ordinary', password: PASSWORD }
  const pooler = await startHandover(Object.assign(new URL(pair.primary), ordinary).href)
  const store = await openPostgresStore({ url: pooler.url })
  onTestFinished(() => store.close())
  return { ...pair, pooler, store }
}

/** The number of the last change that a server has. */
async function newest(url: string): Promise<unknown> {
  const [row] = await rowsOn(url, 'select seq::int from change_counter')
  return row?.seq
}

/** Resolves when the standby has all that its primary has. */
async function caughtUp({ primary, standby }: { primary: string; standby: string }) {
  const last = await newest(primary)
  // It may not have the table yet.
  await expect.poll(() => newest(standby).catch(() => undefined), SOON).toBe(last)
}

it('behind a pooler that leads to a standby for a while a node learns and writes nothing, and then goes on', {
  timeout: 90_000,
}, async () => {
  const { primary, standby, pooler, store } = await openPooled()
  const told: string[] = []
  store.onChange(({ subject }) => void told.push(subject))
  const write = (subject: string) => store.write([], [{ kind: 'group', subject }])
  await write('before')
  await caughtUp({ primary, standby })

  await pooler.handOver(standby)
  await expect(write('meanwhile')).rejects.toThrow(/it is a standby/)
  await expect.poll(() => store.healthy(), SOON).toBe(false)
  expect(told).toEqual(['before'])
  await pooler.handOver(primary)
  await expect.poll(() => store.healthy() && store.accepting(), SOON).toBe(true)
  await write('after')
  expect(told).toEqual(['before', 'after'])
  await store.close()
  expect(await runDoctorOn(primary)).toEqual([])
})

it('behind a pooler that leads to another primary without a word a node doubts all, though the numbers of changes are the same', {
  timeout: 90_000,
}, async () => {
  const { primary, standby, pooler, store } = await openPooled()
  let behind = 0
  store.onBehind(() => void behind++)
  await store.write([], [{ kind: 'group', subject: 'kept' }])
  await caughtUp({ primary, standby })
  await rowsOn(standby, 'select pg_promote()')

  await store.write([], [{ kind: 'group', subject: 'lost' }])
  await runOn(
    standby,
    `update change_counter set seq = seq + 1;
    insert into change (seq, kind, subject, created_at) select seq, 'group', 'in its place', 1 from change_counter`,
  )
  expect(await newest(standby)).toBe(await newest(primary))
  await pooler.handOver(standby)
  await expect.poll(() => behind, SOON).toBe(1)
  await expect.poll(() => store.healthy() && store.accepting(), SOON).toBe(true)
  await store.close()
  expect(await runDoctorOn(standby)).toEqual([])
})
