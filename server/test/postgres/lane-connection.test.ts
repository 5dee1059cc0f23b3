import { expect, it, onTestFinished } from 'vitest'
import { createLaneConnection } from '../../src/storage/postgres/lane-connection.ts'
import { newDatabase } from '../tools/database.ts'

it('calls at once wait for one connection, and closing leaves none', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const url = database.config.databaseUrl ?? ''
  const connections = () =>
    database.rows(`select pid from pg_stat_activity
      where datname = current_database() and application_name = 'turnpike'`)
  const lane = createLaneConnection(url)
  await Promise.all([1, 2, 3].map((n) => lane.run('select $1::int', [n])))
  expect(await connections()).toHaveLength(1)
  await lane.close()
  await expect.poll(connections).toEqual([])

  // Also one that was still on its way.
  const early = createLaneConnection(url)
  const asked = early.run('select 1', []).catch(String)
  await early.close()
  expect(await asked).toMatch(/the store is closed/)
  await expect.poll(connections).toEqual([])
  await expect(early.run('select 1', [])).rejects.toThrow(/the store is closed/)
})
