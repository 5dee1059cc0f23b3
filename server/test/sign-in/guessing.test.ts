import { describe, expect, it, onTestFinished } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { newDatabase } from '../tools/database.ts'
import { sharedGateway, startGateway, type TestGateway } from '../tools/gateway.ts'

const trustedProxies = ['127.0.0.1']
const gateway = await sharedGateway({ config: { trustedProxies } })
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const password = gateway.secret('a password for signing in')
const WRONG = 'a wrong password'
let addresses = 0

async function account(of: TestGateway = gateway) {
  const username = `guessed-${Math.random().toString(36).slice(2)}`
  const { id } = await of.manage('POST', '/api/user/', { username, password })
  return { id, username }
}

/** Somebody at an address that nobody guessed from. */
const from = (address = `203.0.113.${++addresses}`, of: TestGateway = gateway) =>
  openBrowser(of, { headers: { 'x-forwarded-for': address } })

async function fail(times: number, username: string, of: TestGateway = gateway) {
  for (let at = 0; at < times; at++) {
    expect((await from(undefined, of).signIn(username, WRONG)).status).toBe(401)
  }
}

/** As many at once as one may, and one after each wait: the next wait is longer than any machine is slow. */
async function failLong(username: string, of: TestGateway = gateway) {
  await Promise.all(Array.from({ length: 5 }, () => fail(1, username, of)))
  for (const seconds of [1, 2, 4, 8]) {
    of.advance(seconds)
    await fail(1, username, of)
  }
}

/** How many of some answers have each status. */
function counted(answers: readonly { readonly status: number }[]) {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

describe('a name whose password is guessed', () => {
  it('waits longer each time, even for the right one, whoever asks', async () => {
    const { username } = await account()
    await failLong(username)
    for (const seconds of [16, 32]) {
      const answer = await from().signIn(username, password)
      expect(answer).toMatchObject({ status: 429, json: { code: 'rate_limited' } })
      const retryAfter = Number(answer.headers.get('retry-after'))
      expect(retryAfter).toBeLessThanOrEqual(seconds)
      expect(retryAfter).toBeGreaterThan(seconds / 4)
      gateway.advance(seconds)
      await fail(1, username)
    }
    gateway.advance(900)
    expect((await from().signIn(username, password)).status).toBe(200)
    // What was right once is forgotten: as many go at once again.
    await Promise.all(Array.from({ length: 5 }, () => fail(1, username)))
  })

  it('waits as long when nobody has it', async () => {
    await failLong('whom nobody knows')
    expect((await from().signIn('whom nobody knows', WRONG)).status).toBe(429)
  })

  it('gets no more attempts when they come all at once', async () => {
    const { username } = await account()
    const all = Array.from({ length: 20 }, () => from().signIn(username, WRONG))
    expect(counted(await Promise.all(all))).toEqual({ 401: 5, 429: 15 })
  })

  it('waits for a session, too, that tries to change it', async () => {
    const { username } = await account()
    const browser = from()
    await browser.signIn(username, password)
    const sent = { currentPassword: WRONG, newPassword: 'another password' }
    const change = () => browser.send('POST', '/api/auth/change-password', sent)
    expect(counted(await Promise.all(Array.from({ length: 8 }, change)))).toEqual({
      400: 5,
      429: 3,
    })
  })

  it('stands in the database as a digest: it may be a password', async () => {
    await from().signIn('typed into the wrong field', WRONG)
    for (const { name, bytes } of await gateway.database.stored()) {
      expect(bytes.includes('typed into the wrong field'), name).toBe(false)
    }
  })
})

it('an address that guesses many names waits, with all that is beside it in IPv6', async () => {
  const guess = (at: number) => from(`2001:db8::${at.toString(16)}`).signIn(`name ${at}`, WRONG)
  const all = Array.from({ length: 35 }, (_, at) => guess(at))
  expect(counted(await Promise.all(all))).toEqual({ 401: 30, 429: 5 })
  for (const seconds of [1, 2, 4, 8]) {
    gateway.advance(seconds)
    expect((await guess(100 + seconds)).status).toBe(401)
  }
  const { username } = await account()
  expect((await from('2001:db8::1').signIn(username, password)).status).toBe(429)
  expect((await from('2001:db8:0:1::1').signIn(username, password)).status).toBe(200)
})

it('a restart gives no more attempts', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const first = await startGateway({ database, config: { trustedProxies } })
  first.secret(password)
  const { username } = await account(first)
  await failLong(username, first)
  await first.close()
  const { adminToken } = first
  const second = await startGateway({ database, adminToken, config: { trustedProxies } })
  second.secret(password)
  expect((await from(undefined, second).signIn(username, password)).status).toBe(429)
  await second.close()
})

it('a name that nobody has takes as long as a wrong password', async () => {
  const gateway = await startGateway({
    ...{ config: { trustedProxies }, passwordCost: { N: 2 ** 15, r: 8, p: 3 } },
  })
  onTestFinished(() => gateway.close())
  const { username } = await account(gateway)
  const { username: without } = await gateway.manage('POST', '/api/user/', { username: 'no word' })
  const names = [username, 'whom nobody ever knew', without]
  const least = names.map(() => Number.POSITIVE_INFINITY)
  // In turn, so that what the machine does besides is in all of them.
  for (let round = 0; round < 5; round++) {
    for (const [at, name] of names.entries()) {
      const before = performance.now()
      await from(undefined, gateway).signIn(name, WRONG)
      least[at] = Math.min(least[at] ?? 0, performance.now() - before)
    }
  }
  const [usual = 0, unknown, passwordless] = least
  expect(unknown).toBeGreaterThan(usual * 0.6)
  expect(passwordless).toBeGreaterThan(usual * 0.6)
})

it('the audit log tells who signed in and out, and of whom a password was guessed', async () => {
  const { id, username } = await account()
  const browser = from('198.51.100.4')
  await browser.signIn(username, WRONG)
  await browser.signIn(username, password)
  await browser.send('POST', '/api/auth/revoke-other-sessions', {})
  const newPassword = gateway.secret('the next password of all')
  const sent = { currentPassword: password, newPassword }
  await browser.send('POST', '/api/auth/change-password', sent)
  await browser.send('POST', '/api/auth/sign-out', {})
  await browser.signIn('a secret in the wrong field', WRONG)
  const { items } = await gateway.manage('GET', '/api/audit/?page_size=100')
  const own = items.filter((one: { subject: string }) => one.subject === `account ${id}`)
  const told = own.map((one: Record<string, unknown>) => [one.action, one.actor, one.ip])
  expect(told.reverse().slice(1)).toEqual([
    ['session.refuse', username, '198.51.100.4'],
    ['session.create', username, '198.51.100.4'],
    ['session.end', username, '198.51.100.4'],
    ['account.update', username, '198.51.100.4'],
    ['session.end', username, '198.51.100.4'],
  ])
  expect(items[0]).toMatchObject({ action: 'session.refuse', subject: 'no account' })
  expect(JSON.stringify(items)).not.toContain('a secret in the wrong field')
})
