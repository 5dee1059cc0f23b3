import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { functions } from '../../src/storage/migrations/postgres/0001-functions.ts'
import { newDatabase } from '../tools/database.ts'
import { openSession, runOn, type Session } from './sessions.ts'

/** What a write notes, in a transaction that goes on. */
const note = ({ client }: Session, subject: string) =>
  client.query('select turnpike_write($1, $2)', [
    '[]',
    JSON.stringify([{ kind: 'group', subject }]),
  ])

/** What a node is told of three writes, the first of which takes longer to commit. */
async function toldOf(schema: string) {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const url = database.config.databaseUrl ?? ''
  await runOn(url, schema)
  const store = await database.open()
  onTestFinished(() => store.close())
  const told: string[] = []
  store.onChange(({ subject }) => void told.push(subject))
  store.onBehind(() => void told.push('to forget everything'))
  const [slow, quick] = [await openSession(url), await openSession(url)]

  await slow.client.query('begin')
  await note(slow, 'slow')
  const noted = note(quick, 'quick')
  // The node looks four times a second.
  await Promise.race([noted, pause(300)])
  await pause(400)
  await slow.client.query('commit')
  await noted
  await pause(400)
  await note(quick, 'last')
  await expect.poll(() => told, { timeout: 2_000 }).toContain('last')
  return told
}

it('a change that takes longer to commit is not overtaken by a later one', async () => {
  expect(await toldOf('')).toEqual(['slow', 'quick', 'last'])
})

/** As if numbers came from a sequence, which gives them before the commit. */
const WITH_SEQUENCE = `
  create sequence change_numbers;
  drop table change_counter;
  create view change_counter as select 1::bigint as id, coalesce(max(seq), 0) as seq from change;
  ${functions
    .replaceAll('create function', 'create or replace function')
    .replace(/perform pg_advisory_xact_lock\(\d+\);\n {2}begin/, 'begin')
    .replace(
      'update change_counter set seq = seq + cardinality(noted) where id = 1 returning seq into newest;',
      `newest := nextval('change_numbers');`,
    )}`

it('it is noticed: with numbers of a sequence a change is lost, for the node forgets everything too early', async () => {
  expect(await toldOf(WITH_SEQUENCE)).toEqual(['to forget everything', 'last'])
})
