import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { readWhole } from '../tools/calls.ts'
import { newBlankDatabase } from '../tools/database.ts'
import { readEvents } from '../tools/events.ts'
import { type Program, startProgram } from '../tools/program.ts'
import { startUpstream } from '../tools/upstream.ts'
import { streams } from '../tools/upstream-scripts.ts'

const database = await newBlankDatabase()
const { dataFolder: folder, databaseUrl } = database.config
const running: Program[] = []
afterAll(async () => {
  await Promise.all(running.map((program) => program.end('SIGKILL')))
  await database.remove()
})

async function start(environment: Record<string, string> = {}): Promise<Program> {
  const program = await startProgram({
    TURNPIKE_DATA: folder,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...environment,
  })
  running.push(program)
  return program
}

/** Runs printed lines as a newcomer does: pasted into a shell. */
async function paste(lines: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-ec', lines])
  return stdout
}

/** The printed commands: lines that call curl, whatever they do with what it says. */
const commandsIn = (printed: string): string[] =>
  printed.split('\n').filter((line) => /^\s*(\w+=\$\()?curl /.test(line))

const TOKEN = /tpat_[\w-]{43}/

/** What a first start says, on either database. */
const GREETING = `
Turnpike made its administrator, the account admin. Shown once: keep them now.
  Password      PASSWORD
  Access token  TOKEN

Sign in to the console: URL/console/

Create an API key with 500000 units (1 US dollar), then call a model with it:

KEY=$(curl `

it('a first start prints two commands that work when pasted, and the call is seen charged', async () => {
  const program = await start()
  await program.prints(TOKEN)
  const printed = program.printed()
  const token = TOKEN.exec(printed)?.[0] ?? ''
  const [where = '', ...greeting] = printed
    .replace(/(?<=Password +)[\w-]{20,}/, 'PASSWORD')
    .replaceAll(token, 'TOKEN')
    .replaceAll(program.url, 'URL')
    .split('\n')
  expect(where).toMatch(/^Turnpike \d\S* listens at URL \(reference: URL\/docs; data: \S+\)\.$/)
  expect(greeting.join('\n').slice(0, GREETING.length)).toBe(GREETING)
  const commands = commandsIn(printed)
  expect(commands).toHaveLength(2)
  expect(commands[0]).toContain('Prefer: return=representation')

  // One shell for both: the first leaves the key for the second.
  const [key = '', ...answered] = (await paste(commands.join('\n'))).split('\n')
  expect(key).toMatch(/^\w{48}$/)
  const answer = JSON.parse(answered.join('\n'))
  expect(answer.choices[0].message.content).toMatch(/simulat/i)
  expect(answer.usage.total_tokens).toBeGreaterThan(0)

  const list = await readWhole(
    await fetch(`${program.url}/api/token/search?token=${key}`, {
      headers: { authorization: token },
    }),
  )
  const [record] = list.json.data.items
  expect(record.used_quota).toBeGreaterThan(0)
  expect(record.remain_quota + record.used_quota).toBe(500_000)

  expect(await program.end('SIGINT')).toBe(0)
  expect(await database.doctor()).toEqual([])
})

it('a second start has the same data and prints nothing secret', async () => {
  const first = running[0] as Program
  const token = TOKEN.exec(first.printed())?.[0] ?? ''
  const secrets = [
    readFileSync(join(folder, 'secret'), 'utf8').trim(),
    ...(databaseUrl === undefined ? [] : [new URL(databaseUrl).password]),
  ]
  const program = await start()
  const keys = await fetch(`${program.url}/api/token/`, { headers: { authorization: token } })
  expect((await readWhole(keys)).json.data.total).toBe(1)
  expect(program.printed()).not.toMatch(TOKEN)
  expect(program.printed()).not.toMatch(/password\W+\S{12,}/i)
  // A server that is borrowed may ask for none.
  for (const secret of secrets.filter(Boolean)) {
    for (const said of [first.printed(), program.printed()]) expect(said).not.toContain(secret)
  }
  expect(await program.end()).toBe(0)
})

it('SIGTERM lets a running stream end, takes no new calls, and exits with 0', async () => {
  const adminToken = TOKEN.exec((running[0] as Program).printed())?.[0] ?? ''
  const upstream = await startUpstream()
  const go = Promise.withResolvers<void>()
  const beforeEvent = (index: number) => (index === 2 ? go.promise : undefined)
  upstream.on('draining-model', streams({ events: 4, beforeEvent }))
  const program = await start()
  const manage = async (method: string, path: string, body: object) => {
    const response = await fetch(program.url + path, {
      method,
      headers: {
        authorization: adminToken,
        'content-type': 'application/json',
        prefer: 'return=representation',
      },
      body: JSON.stringify(body),
    })
    const { json } = await readWhole(response)
    expect(json).toMatchObject({ success: true })
    return json.data
  }
  await manage('PUT', '/api/price/draining-model', { input: '2', output: '8' })
  await manage('POST', '/api/channel/', {
    name: 'scripted',
    type: 'openai-compatible',
    base_url: `${upstream.url}/v1`,
    keys: ['upstream-key'],
    models: ['draining-model'],
    groups: ['default'],
  })
  const { key } = await manage('POST', '/api/token/', { name: 'k', remain_quota: 1_000_000 })
  const response = await fetch(`${program.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'draining-model', stream: true, max_tokens: 20, messages: [] }),
  })
  const events = readEvents(response)
  await events.next()
  await events.next()

  program.signal('SIGTERM')
  // No new connection, or a clear answer on one: never a call that is begun and then cut.
  const ready = () =>
    fetch(`${program.url}/readyz`).then(
      ({ status }) => status,
      () => 503,
    )
  await expect.poll(ready).toBe(503)
  go.resolve()
  expect((await events.rest()).at(-1)).toBe('[DONE]')
  expect(await program.ended).toBe(0)
  expect(await database.doctor()).toEqual([])
  await upstream.close()
})
