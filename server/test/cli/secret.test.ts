import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isSignedBy, startReceiver } from '../events/receiver.ts'
import { type RunningProgram, run, startProgram, temporaryFolder } from './program.ts'

const TOKEN = `tpat_${'t'.repeat(43)}`
const ADMIN = { TURNPIKE_ADMIN_TOKEN: TOKEN }

async function manage(program: RunningProgram, method: string, path: string, body?: object) {
  const answer = await fetch(program.url + path, {
    method,
    headers: { authorization: TOKEN, prefer: 'return=representation' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: each answer has its own shape
  const envelope = (await answer.json()) as any
  if (!envelope.success) throw new Error(envelope.message)
  return envelope.data
}

const newKey = (program: RunningProgram): Promise<{ id: number; key: string }> =>
  manage(program, 'POST', '/api/token/', { remain_quota: 500_000 })

async function statusOf(program: RunningProgram, key: string): Promise<number> {
  const answer = await fetch(`${program.url}/v1/models`, {
    headers: { authorization: `Bearer ${key}` },
  })
  return answer.status
}

const rotate = (folder: string, environment = {}) =>
  run('turnpike.js', ['secret', 'rotate', '--data', folder], environment)

describe('secret rotate', () => {
  it('changes the secret, and nothing for those who use keys', async () => {
    const folder = temporaryFolder()
    const secretFile = join(folder, 'secret')
    const program = await startProgram(folder, ADMIN)
    const kept = await newKey(program)
    const rotated = await newKey(program)
    const { key: fresh } = await manage(program, 'POST', `/api/token/${rotated.id}/rotate`, {
      grace_seconds: 3600,
    })
    await manage(program, 'PUT', '/api/setting/', { 'keys.reveal': 'never' })
    const unseen = await newKey(program)
    await manage(program, 'PUT', '/api/setting/', { 'keys.reveal': 'always' })
    const channel = await manage(program, 'POST', '/api/channel/', {
      name: 'provider',
      type: 'openai-compatible',
      base_url: 'http://127.0.0.1:9/v1',
      keys: ['sk-provider-0123456789'],
      models: ['m'],
      groups: ['default'],
    })
    const receiver = await startReceiver()
    const sent = { name: 'hook', url: receiver.url }
    const webhook = await manage(program, 'POST', '/api/webhook/', sent)
    const running = await rotate(folder)
    expect(running.code).toBe(1)
    expect(running.err).toContain('Stop it first')
    await program.stop()

    const before = readFileSync(secretFile, 'utf8')
    for (const round of [1, 2]) {
      const { code, out, err } = await rotate(folder)
      expect({ round, code, err }).toEqual({ round, code: 0, err: '' })
      // The key that is stored nowhere, and the former value of the rotated one.
      expect(out).toMatch(
        /^The root secret was replaced; 2 keys, 1 channels, 1 webhooks and 0 second/,
      )
      expect(out).toMatch(/^2 keys whose/m)
    }
    const after = readFileSync(secretFile, 'utf8')
    expect(after).not.toBe(before)

    const again = await startProgram(folder)
    for (const key of [kept.key, rotated.key, fresh, unseen.key]) {
      expect(await statusOf(again, key)).toBe(200)
    }
    expect((await manage(again, 'GET', `/api/token/${kept.id}`)).key).toBe(kept.key)
    const record = await manage(again, 'GET', `/api/channel/${channel.id}`)
    // How it does is in the memory of each process.
    expect({ ...record, health: channel.health }).toEqual(channel)
    await manage(again, 'POST', `/api/webhook/${webhook.id}/test`, {})
    const [got] = await receiver.gets('webhook.test')
    expect(got && (await isSignedBy(webhook.secret, got))).toBe(true)
    const { items } = await manage(again, 'GET', '/api/audit/?action=secret.rotate')
    expect(items).toHaveLength(2)
    expect(items[0]).toMatchObject({ actor_id: 0, actor: 'command line', after: null })
    await manage(again, 'DELETE', `/api/token/${unseen.id}`)
    await manage(again, 'DELETE', `/api/token/${rotated.id}`)
    await again.stop()

    const last = await rotate(folder)
    expect(last.code).toBe(0)
    expect(last.out).not.toContain('still need')
    writeFileSync(secretFile, before)
    const withOld = await run('start.js', [], { TURNPIKE_DATA: folder, PORT: '0' })
    expect(withOld.code).toBe(1)
  }, 120_000)

  it('takes both secrets from the environment when the first one comes from there', async () => {
    const folder = temporaryFolder()
    const old = { TURNPIKE_SECRET: 'o'.repeat(40) }
    const program = await startProgram(folder, { ...ADMIN, ...old })
    const { key } = await newKey(program)
    await program.stop()
    expect((await rotate(folder, old)).err).toContain('set TURNPIKE_NEW_SECRET')
    const next = 'n'.repeat(40)
    const { code } = await rotate(folder, { ...old, TURNPIKE_NEW_SECRET: next })
    expect(code).toBe(0)
    const refused = await run('start.js', [], { TURNPIKE_DATA: folder, ...old })
    expect(refused.err).toMatch(/^TURNPIKE_SECRET is not the root secret/)
    const again = await startProgram(folder, { TURNPIKE_SECRET: next })
    expect(await statusOf(again, key)).toBe(200)
    await again.stop()
  }, 60_000)

  it('is mended by the next start when it was cut off after the database took the secret', async () => {
    const folder = temporaryFolder()
    const secretFile = join(folder, 'secret')
    const program = await startProgram(folder, ADMIN)
    const { key } = await newKey(program)
    await program.stop()
    const before = readFileSync(secretFile, 'utf8')
    expect((await rotate(folder)).code).toBe(0)
    // As a crash before the renaming leaves it.
    renameSync(secretFile, `${secretFile}.next`)
    writeFileSync(secretFile, before)
    const again = await startProgram(folder)
    expect(await statusOf(again, key)).toBe(200)
    expect(readFileSync(secretFile, 'utf8')).not.toBe(before)
    await again.stop()
  }, 60_000)
})
