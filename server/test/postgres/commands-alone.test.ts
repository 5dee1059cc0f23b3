import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run, startProgram, temporaryFolder } from '../cli/program.ts'
import { blankDatabase } from '../tools/database.ts'
import { newAdminToken } from '../tools/gateway.ts'

const turnpike = (words: string, environment = {}) =>
  run('turnpike.js', words.split(' '), environment)

/** A management call; resolves with what was asked for. */
async function manage(url: string, token: string, [method, path, body]: [string, string, object?]) {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: token, prefer: 'return=representation' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: each answer has its own shape
  return ((await answer.json()) as any).data
}

async function statusOf(url: string, key: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}` }
  return (await fetch(`${url}/v1/models`, { headers })).status
}

it('doctor says in a sentence what is wrong with the books, and why it can’t read them', async () => {
  const { url, tamper } = await blankDatabase()
  const environment = { DATABASE_URL: url, TURNPIKE_SECRET: 's'.repeat(40) }
  const unused = await turnpike('doctor', environment)
  expect(unused).toMatchObject({ code: 1, out: '' })
  expect(unused.err).toMatch(/^can't open the database .*: no gateway was ever started on it\.$/m)
  const token = newAdminToken()
  const program = await startProgram(temporaryFolder(), {
    ...environment,
    TURNPIKE_ADMIN_TOKEN: token,
  })
  const created = { remain_quota: 500_000 }
  const { id } = await manage(program.url, token, ['POST', '/api/token/', created])
  await program.stop()
  await tamper(`update balance set remain = remain + 7 where entity = ${id * 4}`)
  const wrong = await turnpike('doctor', environment)
  expect(wrong.code).toBe(1)
  expect(wrong.out).toContain(`key ${id}: remain is 500007`)
  await tamper(`update meta set value = '1' where name = 'schema'`)
  expect((await turnpike('doctor', environment)).err).toMatch(
    /has schema 1.*start the gateway once/,
  )
  const away = await turnpike('doctor', { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/x' })
  expect(away).toMatchObject({ code: 1, out: '' })
  expect(away.err).toMatch(/^can't open the database postgres:\/\/u@127\.0\.0\.1:9\/x: /)
}, 90_000)

it('secret rotate waits for nobody when no gateway runs, and refuses while one does', async () => {
  const { url } = await blankDatabase()
  const [old, next] = ['o'.repeat(40), 'n'.repeat(40)]
  const environment = { DATABASE_URL: url, TURNPIKE_SECRET: old, TURNPIKE_NEW_SECRET: next }
  const rotate = () => turnpike('secret rotate', environment)
  expect((await rotate()).err).toMatch(/^No gateway was ever started on postgres:/)
  const token = newAdminToken()
  const start = (secret: string) =>
    startProgram(temporaryFolder(), {
      ...{ DATABASE_URL: url, TURNPIKE_SECRET: secret, TURNPIKE_ADMIN_TOKEN: token },
    })
  const program = await start(old)
  const created = { remain_quota: 500_000 }
  const { id, key } = await manage(program.url, token, ['POST', '/api/token/', created])
  const channel = { name: 'p', type: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' }
  const keys = { keys: ['sk-provider-0123456789'], models: ['m'], groups: ['default'] }
  await manage(program.url, token, ['POST', '/api/channel/', { ...channel, ...keys }])
  const refused = await rotate()
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(/^A gateway runs on postgres:.*Stop all of them first\.$/m)
  expect(await statusOf(program.url, key)).toBe(200)
  await program.stop()

  const done = await rotate()
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toMatch(
    /^The root secret was replaced; 1 keys, 1 channels, 0 webhooks and 0 second/,
  )
  expect(done.out).toMatch(/^Every gateway of this database needs the new one/m)
  const late = await run('start.js', [], { DATABASE_URL: url, TURNPIKE_SECRET: old, PORT: '0' })
  expect(late.err).toMatch(/^TURNPIKE_SECRET is not the root secret/)
  const again = await start(next)
  expect(await statusOf(again.url, key)).toBe(200)
  expect((await manage(again.url, token, ['GET', `/api/token/${id}`])).key).toBe(key)
  const audit = await manage(again.url, token, ['GET', '/api/audit/?action=secret.rotate'])
  expect(audit.items).toMatchObject([{ actor: 'command line', subject: 'root secret' }])
  await again.stop()
}, 120_000)

it('secret rotate replaces the secret file of the data folder, too, and outlives a crashed node', async () => {
  const { url, tamper } = await blankDatabase()
  const folder = temporaryFolder()
  const environment = { DATABASE_URL: url, TURNPIKE_DATA: folder }
  const program = await startProgram(folder, { DATABASE_URL: url })
  program.child.kill('SIGKILL')
  await program.ended
  const before = readFileSync(join(folder, 'secret'), 'utf8')
  const done = await turnpike('secret rotate', environment)
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toContain(`It is in ${join(folder, 'secret')}`)
  expect(readFileSync(join(folder, 'secret'), 'utf8')).not.toBe(before)
  await tamper('delete from node_lane; delete from node')
  const again = await startProgram(folder, { DATABASE_URL: url })
  expect((await again.stop()).code).toBe(0)
}, 120_000)

it('a program that is older than the schema does not start, says so, and changes nothing', async () => {
  const { url, rows, tamper } = await blankDatabase()
  const environment = { DATABASE_URL: url, TURNPIKE_SECRET: 's'.repeat(40) }
  const program = await startProgram(temporaryFolder(), environment)
  await program.stop()
  await tamper(`update meta set value = '999' where name = 'schema'`)
  const everything = async () => [
    await rows('select * from meta order by name'),
    await rows('select * from node'),
    await rows('select seq from change_counter'),
  ]
  const before = await everything()
  for (const words of [[], ['start']]) {
    const entrance = words.length === 0 ? 'start.js' : 'turnpike.js'
    const ended = await run(entrance, words, { ...environment, PORT: '0' })
    expect(ended).toMatchObject({ code: 1, out: '' })
    expect(ended.err).toMatch(
      /^postgres:\S+ was written by a newer Turnpike \(schema 999; this one knows up to \d+\)\. Start that version/,
    )
    expect(ended.err.trim().split('\n')).toHaveLength(1)
  }
  expect(await everything()).toEqual(before)
}, 90_000)
