import { expect, it } from 'vitest'
import { run } from '../cli/program.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
const environment = { DATABASE_URL: gateway.database.config.databaseUrl ?? '' }
const password = new URL(environment.DATABASE_URL).password

it('doctor examines the database of DATABASE_URL beside a running gateway', async () => {
  const clean = await run('turnpike.js', ['doctor'], environment)
  expect(clean).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^postgres:.*every balance equals its books/),
  })
  expect(clean.out + clean.err).not.toContain(password)
})

it('tokens create makes one that the running gateway knows', async () => {
  const made = await run('turnpike.js', ['tokens', 'create', '--name', 'typed'], environment)
  expect(made.code).toBe(0)
  const headers = { authorization: gateway.secret(made.out.trim()) }
  const self = () => gateway.api('GET', '/api/user/self', undefined, headers)
  await expect.poll(async () => (await self()).status).toBe(200)
})

it.each([
  [['backup', 'copy.sqlite'], /pg_dump/],
  [['secret', 'rotate'], /^A gateway runs on .*Stop all of them first/],
])('%j refuses, and says why', async (words, says) => {
  const refused = await run('turnpike.js', words, environment)
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(says) })
})

it('a start without a database says so, and not the password', async () => {
  const nowhere = Object.assign(new URL(environment.DATABASE_URL), { pathname: '/nowhere' }).href
  const ended = await run('start.js', [], {
    DATABASE_URL: nowhere,
    TURNPIKE_SECRET: 's'.repeat(32),
    PORT: '0',
  })
  expect(ended.code).toBe(1)
  expect(ended.err).toMatch(/^can't open the database postgres:.*"nowhere" does not exist/)
  expect(ended.out + ended.err).not.toContain(password)
})
