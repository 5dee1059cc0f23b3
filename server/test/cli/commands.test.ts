import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { parseExpiry } from '../../src/cli/tokens.ts'
import { type RunningProgram, run, startProgram, temporaryFolder } from './program.ts'

const TOKEN = `tpat_${'t'.repeat(43)}`
const ADMIN = { TURNPIKE_ADMIN_TOKEN: TOKEN }
const turnpike = (args: string, environment = {}) =>
  run('turnpike.js', args.split(' '), environment)

/** A management call as the administrator; resolves with the envelope. */
async function manage(program: RunningProgram, method: string, path: string, body?: object) {
  const answer = await fetch(program.url + path, {
    method,
    headers: { authorization: TOKEN, prefer: 'return=representation' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: each answer has its own shape
  return (await answer.json()) as any
}

async function newKey(program: RunningProgram): Promise<{ id: number; key: string }> {
  const { data } = await manage(program, 'POST', '/api/token/', { remain_quota: 500_000 })
  return data
}

const call = (program: RunningProgram, key: string, more = {}) =>
  fetch(`${program.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: 'turnpike-simulator',
      messages: [{ role: 'user', content: 'Hi' }],
      ...more,
    }),
  })

describe('turnpike', () => {
  it('tells what it can do and which version it is', async () => {
    const help = await turnpike('help')
    expect(help.code).toBe(0)
    for (const command of [
      'start',
      'doctor',
      'backup',
      'migrate',
      'tokens create',
      'secret rotate',
    ]) {
      expect(help.out).toContain(`  ${command}`)
    }
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
    )
    expect(await turnpike('--version')).toMatchObject({ code: 0, out: `${version}\n` })
  })

  it.each([
    ['dance', 'There is no command "dance"'],
    ['tokens steal', 'There is no command "tokens steal"'],
    ['constructor', 'There is no command "constructor"'],
    ['backup', '<file> is missing'],
    ['doctor now', '"now" is one word too many'],
    ['doctor --loud', '--loud'],
  ])('does not guess what "%s" means', async (args, says) => {
    const { code, out, err } = await turnpike(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(says)
  })

  it.each(['doctor', 'backup x', 'tokens create', 'secret rotate'])(
    '%s wants a folder in which a gateway was started',
    async (args) => {
      const { code, err } = await turnpike(args, { TURNPIKE_DATA: temporaryFolder() })
      expect(code).toBe(1)
      expect(err).toMatch(/^There is no database in .*--data or TURNPIKE_DATA\.\n$/)
    },
  )
})

describe('doctor and backup', () => {
  it('work while a gateway runs, and the copy starts as a gateway of its own', async () => {
    const folder = temporaryFolder()
    const program = await startProgram(folder, ADMIN)
    const { id, key } = await newKey(program)
    await (await call(program, key)).text()
    expect(await turnpike(`doctor --data ${folder}`)).toMatchObject({ code: 0 })

    const elsewhere = temporaryFolder()
    const copy = join(elsewhere, 'turnpike.sqlite')
    const backup = await turnpike(`backup ${copy}`, { TURNPIKE_DATA: folder })
    expect(backup).toMatchObject({ code: 0, out: `${copy}: every balance equals its books.\n` })
    // One file, whole by itself, that others can't read.
    expect(readdirSync(elsewhere)).toEqual(['turnpike.sqlite'])
    expect((statSync(copy).mode & 0o777).toString(8)).toBe('600')
    const again = await turnpike(`backup ${copy}`, { TURNPIKE_DATA: folder })
    expect(again.code).toBe(1)
    expect(again.err).toContain('overwrites nothing')
    const { data: before } = await manage(program, 'GET', `/api/token/${id}`)
    await program.stop()

    // The secret may come from the file or, the same text, from the environment.
    const TURNPIKE_SECRET = readFileSync(join(folder, 'secret'), 'utf8').trim()
    const without = await run('start.js', [], { TURNPIKE_DATA: elsewhere })
    expect(without.err).toMatch(/Restore it from your backup/)
    const restored = await startProgram(elsewhere, { TURNPIKE_SECRET })
    const { data: after } = await manage(restored, 'GET', `/api/token/${id}`)
    // When a key was last used is written every few seconds.
    expect({ ...after, accessed_time: 0 }).toEqual({ ...before, accessed_time: 0 })
    expect((await call(restored, key)).status).toBe(200)
    await restored.stop()
  })

  it('doctor ends with 1 and names each balance that differs from its books', async () => {
    const folder = temporaryFolder()
    const program = await startProgram(folder, ADMIN)
    const { id } = await newKey(program)
    await program.stop()
    const database = new DatabaseSync(join(folder, 'turnpike.sqlite'))
    database.exec(`update balance set remain = remain + 7 where entity = ${id * 4}`)
    database.close()
    const { code, out } = await turnpike(`doctor --data ${folder}`)
    expect(code).toBe(1)
    expect(out).toContain(`key ${id}: remain is 500007`)
  })
})

describe('tokens create', () => {
  it('makes a token in the folder while nothing runs, and through the gateway while it does', async () => {
    const folder = temporaryFolder()
    const program = await startProgram(folder, ADMIN)
    await manage(program, 'POST', '/api/user/', { username: 'alice', quota: 100 })
    const taken = await turnpike(`tokens create --data ${folder}`)
    expect(taken.code).toBe(1)
    expect(taken.err).toMatch(/is in use by process .*TURNPIKE_URL and TURNPIKE_TOKEN/)

    const reach = { TURNPIKE_URL: program.url, TURNPIKE_TOKEN: TOKEN }
    const through = await turnpike('tokens create --account alice --name x --expires 30d', reach)
    expect(through).toMatchObject({ code: 0, err: '' })
    const self = (token: string) =>
      fetch(`${program.url}/api/user/self`, { headers: { authorization: token.trim() } })
    expect(await (await self(through.out)).json()).toMatchObject({ data: { username: 'alice' } })
    expect((await turnpike('tokens create --account bob', reach)).err).toContain('no account "bob"')
    const refused = await turnpike('tokens create', { ...reach, TURNPIKE_TOKEN: 'tpat_wrong' })
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('says: ')
    await program.stop()

    const own = await turnpike(`tokens create --data ${folder} --account alice --scopes keys:read`)
    const bad = await turnpike(`tokens create --data ${folder} --scopes keys:steal`)
    expect(bad.err).toMatch(/"keys:steal" is not a scope/)
    const long = await turnpike(`tokens create --data ${folder} --name ${'x'.repeat(65)}`)
    expect(long.err).toMatch(/--name takes 1 to 64 characters/)
    const later = await startProgram(folder)
    const { data: audited } = await manage(later, 'GET', '/api/audit/?actor_id=0')
    expect(audited.items[0]).toMatchObject({
      actor: 'command line',
      action: 'access_token.create',
      after: { name: 'command line', scopes: ['keys:read'], expires_at: null },
    })
    const asked = (path: string) =>
      fetch(later.url + path, { headers: { authorization: own.out.trim() } })
    expect((await asked('/api/token/')).status).toBe(200)
    expect((await asked('/api/log/self')).status).toBe(403)
    await later.stop()
  })

  it('reads days and dates to come', () => {
    const now = Date.parse('2030-01-01T00:00:00Z')
    expect(parseExpiry(undefined, now)).toBe(null)
    expect(parseExpiry('never', now)).toBe(null)
    expect(parseExpiry('30d', now)).toBe(now / 1000 + 30 * 86_400)
    expect(parseExpiry('2030-01-01', now)).toBe(Date.parse('2030-01-01T23:59:59Z') / 1000)
    expect(parseExpiry('2031-02-03T04:05:06Z', now)).toBe(Date.parse('2031-02-03T04:05:06Z') / 1000)
    for (const wrong of ['soon', '2029-01-01', '-3d', '0d', '']) {
      expect(() => parseExpiry(wrong, now)).toThrow(/--expires/)
    }
  })
})

describe('a gateway that is told to stop', () => {
  it('lets a running stream end, refuses new calls, and leaves with 0', async () => {
    const program = await startProgram(temporaryFolder(), ADMIN)
    const { key } = await newKey(program)
    const stream = await call(program, key, { stream: true })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    await reader?.read()
    program.child.kill('SIGTERM')
    await program.printed('Stopping')
    const late = await call(program, key)
    expect(late.status).toBe(503)
    expect(late.headers.get('x-error-code')).toBe('draining')
    let text = ''
    for (let part = await reader?.read(); !part?.done; part = await reader?.read()) {
      text += part?.value
    }
    expect(text).toMatch(/data: \[DONE\]\s+$/)
    expect(await program.ended).toMatchObject({ code: 0, err: '' })
  })

  it('ends at once when told twice', async () => {
    const program = await startProgram(temporaryFolder(), ADMIN)
    const { key } = await newKey(program)
    const stream = await call(program, key, { stream: true })
    program.child.kill('SIGINT')
    await program.printed('Stopping')
    program.child.kill('SIGINT')
    expect((await program.ended).code).toBe(1)
    await expect(stream.text()).rejects.toThrow()
  })
})
