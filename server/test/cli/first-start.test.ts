import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run, shell, startProgram, temporaryFolder } from './program.ts'

const permissions = (path: string) => (statSync(path).mode & 0o777).toString(8)
const TOKEN = `tpat_${'t'.repeat(43)}`
const askAs = (token: string) => ({ headers: { authorization: token } })

describe('the first start', () => {
  it('prints two lines that create a key and call a model, and never again what is secret', async () => {
    const folder = join(temporaryFolder(), 'data')
    const first = await startProgram(folder)
    await first.printed('/v1/chat/completions')
    const lines = first.out().split('\n')
    const pasted = lines.filter((line) => /^(?:KEY=|curl )/.test(line))
    expect(pasted).toHaveLength(2)
    const said = await shell(pasted.join('\n'))
    const [key = '', answer = ''] = said.split('\n')
    expect(key).toMatch(/^[A-Za-z0-9]{48}$/)
    expect(JSON.parse(answer).choices[0].message.content).toContain('Turnpike simulator')
    expect(permissions(folder)).toBe('700')
    for (const file of ['secret', 'turnpike.sqlite', 'turnpike.sqlite-wal']) {
      expect(permissions(join(folder, file)), file).toBe('600')
    }
    const token = /tpat_[\w-]{43}/.exec(first.out())?.[0] ?? ''
    const password = /Password +(\S+)/.exec(first.out())?.[1] ?? ''
    expect(password.length).toBeGreaterThanOrEqual(20)
    expect(await first.stop()).toMatchObject({ code: 0, err: '' })

    const second = await startProgram(folder)
    const self = await fetch(`${second.url}/api/user/self`, askAs(token))
    expect(await self.json()).toMatchObject({ data: { username: 'admin', request_count: 1 } })
    const { code, out } = await second.stop()
    expect(code).toBe(0)
    expect(out).not.toMatch(/tpat_|Password|Bearer/)
  })

  it('takes token and password from the environment, and prints neither', async () => {
    const folder = temporaryFolder()
    const program = await startProgram(folder, {
      TURNPIKE_ADMIN_TOKEN: TOKEN,
      TURNPIKE_ADMIN_PASSWORD: 'correct horse battery',
    })
    await program.printed('/v1/chat/completions')
    expect((await fetch(`${program.url}/api/setting/`, askAs(TOKEN))).status).toBe(200)
    const audit = await (await fetch(`${program.url}/api/audit/`, askAs(TOKEN))).text()
    const { items } = JSON.parse(audit).data
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      'channel.create',
      'access_token.create',
      'account.create',
    ])
    for (const item of items) expect(item).toMatchObject({ actor_id: 0, actor: 'first start' })
    expect(audit).not.toMatch(/tpat_|correct horse/)
    const { out } = await program.stop()
    expect(out).not.toContain(TOKEN)
    expect(out).not.toContain('correct horse')
  })

  it('makes the channel that the environment names, instead of the simulator, once', async () => {
    const folder = temporaryFolder()
    const environment = {
      TURNPIKE_ADMIN_TOKEN: TOKEN,
      OPENAI_API_KEY: 'sk-from-the-environment',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
      OPENAI_MODELS: 'gpt-4o-mini,gpt-4.1',
    }
    for (const round of [1, 2]) {
      const program = await startProgram(folder, environment)
      const answer = await fetch(`${program.url}/api/channel/`, askAs(TOKEN))
      const text = await answer.text()
      const { total, items } = JSON.parse(text).data
      expect({ round, total }).toEqual({ round, total: 1 })
      expect(items[0]).toMatchObject({
        type: 'openai-compatible',
        base_url: 'http://127.0.0.1:9/v1',
        models: ['gpt-4o-mini', 'gpt-4.1'],
      })
      expect(text).not.toContain('sk-from-the-environment')
      if (round === 1) expect(program.out()).toContain('"model":"gpt-4')
      await program.stop()
    }
  })
})

describe('Anthropic and Gemini in the environment', () => {
  it('get a channel of their own type each, where their own libraries would go', async () => {
    const program = await startProgram(temporaryFolder(), {
      ...{ TURNPIKE_ADMIN_TOKEN: TOKEN, ANTHROPIC_API_KEY: 'sk-ant-x', ANTHROPIC_MODELS: 'claude' },
      ...{ GEMINI_API_KEY: 'AI-x', GEMINI_BASE_URL: 'http://127.0.0.1:9', GEMINI_MODELS: 'gemini' },
    })
    const answer = await fetch(`${program.url}/api/channel/`, askAs(TOKEN))
    const { items }: { items: readonly { type: string }[] } = JSON.parse(await answer.text()).data
    expect(items.toSorted((a, b) => a.type.localeCompare(b.type))).toMatchObject([
      { type: 'anthropic', base_url: 'https://api.anthropic.com/v1', models: ['claude'] },
      { type: 'gemini', base_url: 'http://127.0.0.1:9', models: ['gemini'] },
    ])
    await program.stop()
  })
})

describe('the call that a first start offers', () => {
  it('names a model that the provider has', async () => {
    const list = JSON.stringify({ object: 'list', data: [{ id: 'gpt-4o-mini' }] })
    const provider = createServer((_, response) => response.end(list)).listen(0, '127.0.0.1')
    onTestFinished(() => void provider.close())
    await once(provider, 'listening')
    const { port } = provider.address() as AddressInfo
    const program = await startProgram(temporaryFolder(), {
      OPENAI_API_KEY: 'sk-from-the-environment',
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    })
    await program.printed('/v1/chat/completions')
    expect(program.out()).toContain('"model":"gpt-4o-mini"')
  })

  it('is none while the provider names no model', async () => {
    const program = await startProgram(temporaryFolder(), {
      OPENAI_API_KEY: 'sk-from-the-environment',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    })
    await program.printed('/v1/models')
    expect(program.out()).toContain('No model can be called yet')
    expect(program.out()).not.toContain('/v1/chat/completions')
  })
})

describe('a start is refused in one sentence', () => {
  it('under another root secret than the data was written with, or without it', async () => {
    const folder = temporaryFolder()
    await (await startProgram(folder)).stop()
    const secretFile = join(folder, 'secret')
    const secret = readFileSync(secretFile, 'utf8')
    const start = (environment = {}) =>
      run('start.js', [], { TURNPIKE_DATA: folder, PORT: '0', ...environment })

    const other = await start({ TURNPIKE_SECRET: 'x'.repeat(40) })
    expect(other).toMatchObject({ code: 1, out: '' })
    expect(other.err).toMatch(/^TURNPIKE_SECRET is not the root secret .*\n$/)

    writeFileSync(secretFile, `${'0'.repeat(64)}\n`)
    expect((await start()).err).toMatch(/is not the root secret that the data .*\n$/)
    writeFileSync(secretFile, 'oops\n')
    expect((await start()).err).toMatch(/does not hold a root secret/)
    rmSync(secretFile)
    const missing = await start()
    expect(missing.code).toBe(1)
    expect(missing.err).toMatch(/Restore it from your backup\.\n$/)

    writeFileSync(secretFile, secret)
    expect(await (await startProgram(folder)).stop()).toMatchObject({ code: 0 })
  })

  it('when the port or the folder is taken, saying by whom', async () => {
    const folder = temporaryFolder()
    const program = await startProgram(folder)
    const port = new URL(program.url).port
    const samePort = await run('start.js', [], { TURNPIKE_DATA: temporaryFolder(), PORT: port })
    expect(samePort).toMatchObject({ code: 1, out: '' })
    expect(samePort.err).toMatch(/^Can't listen .* another program listens there.*\n$/)
    const sameFolder = await run('start.js', [], { TURNPIKE_DATA: folder, PORT: '0' })
    expect(sameFolder.code).toBe(1)
    expect(sameFolder.err).toContain(`process ${program.child.pid}, answering at ${program.url}`)
    await program.stop()
  })

  it('when workers are to share SQLite, saying what they can share', async () => {
    const folder = join(temporaryFolder(), 'data')
    const refused = await run('start.js', [], { TURNPIKE_DATA: folder, TURNPIKE_WORKERS: '2' })
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(
      /^The environment is not usable:\n {2}- TURNPIKE_WORKERS: SQLite .* share PostgreSQL .*\n$/,
    )
    expect(existsSync(folder)).toBe(false)
  })

  it('when the folder is no folder, or the environment is wrong in several ways', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const noFolder = await run('start.js', [], { TURNPIKE_DATA: file })
    expect(noFolder).toMatchObject({ code: 1, out: '' })
    expect(noFolder.err).toMatch(/a file is in its way/)
    const wrong = await run('start.js', [], {
      PORT: 'http',
      DATABASE_URL: 'postgres://db',
      LOG_LEVEL: 'loud',
    })
    expect(wrong.code).toBe(1)
    expect(wrong.err.match(/^ {2}- (\w+):/gm)).toHaveLength(3)
  })
})
