import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'
import { answering, called, makeGroups, makeKey, makeModel } from './world.ts'

const gateway = await sharedGateway()
const { manage, upstream } = gateway
await makeGroups(gateway, { a: 1, b: 1 })
const AUTO = { group: 'auto', auto_groups: ['a', 'b'], cross_group_retry: true }
const grant = (accountId: number, ...groups: string[]) =>
  manage('PUT', `/api/user/${accountId}`, { groups })
const setTo = (streaming: 'cut' | 'finish') =>
  manage('PUT', '/api/setting/', { 'revocation.streams': streaming })

describe('a group that is taken away', () => {
  it('refuses its keys at once; one that is given again serves them', async () => {
    await makeModel(gateway, 'taken', [{ name: 'a1', groups: ['a'] }])
    const { key, accountId } = await makeKey(gateway, { groups: ['a'] }, { group: 'a' })
    expect(await called(gateway, key, 'taken')).toMatchObject({ status: 200 })
    await grant(accountId)
    const { answer, tried } = await called(gateway, key, 'taken')
    expect([answer.status, answer.json.error.code, tried]).toEqual([403, 'group_not_available', []])
    expect(answer.json.error.message).toMatch(/^no access to group a\. /)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    await grant(accountId, 'a')
    expect(await called(gateway, key, 'taken')).toMatchObject({ status: 200 })
  })

  it('leaves auto the others, and nothing when there are none or auto itself went', async () => {
    const ways = ['a', 'b'].map((group) => ({ name: group, groups: [group] }))
    await makeModel(gateway, 'left', ways)
    const { key, accountId } = await makeKey(gateway, { groups: ['a', 'b', 'auto'] }, AUTO)
    const refusal = async () => (await called(gateway, key, 'left')).answer.json.error.message
    expect(await called(gateway, key, 'left')).toMatchObject({ tried: ['a'] })
    await grant(accountId, 'b', 'auto')
    expect(await called(gateway, key, 'left')).toMatchObject({ tried: ['b'] })
    await grant(accountId, 'auto')
    expect(await refusal()).toMatch(
      /^no access to group auto: it walks no group that this account may use\. /,
    )
    await grant(accountId, 'a', 'b')
    expect(await refusal()).toMatch(/^no access to group auto\. /)
  })

  it('stops a call that waits for units', async () => {
    const release = Promise.withResolvers<void>()
    const [, second] = await Promise.all([
      makeModel(gateway, 'held', [{ name: 'a1', groups: ['a'] }]),
      makeKey(gateway, { groups: ['a', 'b', 'auto'] }, { ...AUTO, remain_quota: 100 }),
    ])
    upstream.on('held-a1', async (call, response) => {
      await release.promise
      await answers({ usage: { prompt: 1, completion: 1 } })(call, response)
    })
    await manage('PUT', '/api/setting/', { 'ledger.wait_ms': 20_000 })
    const arrived = upstream.next()
    const first = called(gateway, second.key, 'held', { max_tokens: 15 })
    await arrived
    const waiting = gateway.call(asking('held', { max_tokens: 15 }), second.key)
    // Time to begin to wait; should it not have, it is routed afterwards, and the group is gone all the same.
    await pause(100)
    await grant(second.accountId, 'b', 'auto')
    release.resolve()
    expect((await first).status).toBe(200)
    const { status, json } = await waiting
    // It began to wait with group a, or was routed afterwards, where group b has nobody.
    expect([
      [403, 'group_not_available'],
      [404, 'model_not_found'],
    ]).toContainEqual([status, json.error.code])
    await manage('PUT', '/api/setting/', { 'ledger.wait_ms': 500 })
  })

  it('cuts a stream in it, and no other, with revocation.streams = cut', async () => {
    await setTo('cut')
    await makeModel(gateway, 'cut', [{ name: 'a1', groups: ['a'] }])
    upstream.on('cut-a1', streams({ events: 40, gapMs: 20 }))
    const { key, accountId } = await makeKey(gateway, { groups: ['a', 'b', 'auto'] }, AUTO)
    const begun = async () => {
      const reader = readEvents(await gateway.open(asking('cut', { stream: true }), key))
      await reader.next()
      return reader
    }
    const [lost, kept] = [await begun(), await begun()]
    await grant(accountId, 'a', 'auto')
    expect((await kept.rest()).at(-1)).toBe('[DONE]')
    await lost.rest()
    const other = await begun()
    await grant(accountId, 'b', 'auto')
    const last = JSON.parse((await other.rest()).at(-1) ?? '')
    expect(last.error.code).toBe('group_not_available')
    await setTo('finish')
  })

  it.each(['cut', 'finish'] as const)('is not gone on to with %s', async (streaming) => {
    await setTo(streaming)
    const model = `onward-${streaming}`
    const ways = ['a', 'b'].map((group) => ({ name: group, groups: [group] }))
    await makeModel(gateway, model, ways)
    const release = Promise.withResolvers<void>()
    upstream.on(`${model}-a`, async (call, response) => {
      await release.promise
      await answering(500)(call, response)
    })
    const { key, accountId } = await makeKey(gateway, { groups: ['a', 'b', 'auto'] }, AUTO)
    const arrived = upstream.next()
    const call = called(gateway, key, model)
    await arrived
    await grant(accountId, 'a', 'auto')
    release.resolve()
    // Without cutting, what runs keeps what it was admitted with.
    expect((await call).tried).toEqual(streaming === 'cut' ? ['a'] : ['a', 'b'])
    await setTo('finish')
  })
})

describe('what a key of auto is told', () => {
  it('GET /v1/models is the union of its groups, and each of them can be called', async () => {
    await makeModel(gateway, 'in-a', [{ name: 'x', groups: ['a'] }])
    await makeModel(gateway, 'in-b', [{ name: 'x', groups: ['b'] }])
    await makeModel(gateway, 'in-both', [{ name: 'x', groups: ['b', 'a'] }])
    await makeModel(gateway, 'in-default', [{ name: 'x', groups: ['default'] }])
    const groups = ['a', 'b', 'auto']
    const fields = { ...AUTO, cross_group_retry: false }
    const { key, accountId } = await makeKey(gateway, { groups }, fields)
    const list = async () => {
      const { json } = await gateway.call('', key, { path: '/v1/models', method: 'GET' })
      return json.data?.map(({ id }: { id: string }) => id).filter((id: string) => /^in-/.test(id))
    }
    expect(await list()).toEqual(['in-a', 'in-b', 'in-both'])
    for (const model of await list()) {
      expect(await called(gateway, key, model)).toMatchObject({ status: 200 })
    }
    const { answer } = await called(gateway, key, 'in-default')
    expect(answer.json.error).toMatchObject({
      code: 'model_not_found',
      message: expect.stringMatching(/in the groups that auto walks: a, b\. /),
    })
    const one = { path: '/v1/models/in-b', method: 'GET' }
    expect((await gateway.call('', key, one)).status).toBe(200)
    await grant(accountId, 'a', 'auto')
    expect(await list()).toEqual(['in-a', 'in-both'])
    expect((await gateway.call('', key, one)).status).toBe(404)
    await grant(accountId, 'auto')
    expect(await list()).toBeUndefined()
  })

  it('the check lists its channels with their groups, and which would not be tried', async () => {
    const ways = [
      { name: 'both', groups: ['a', 'b'] },
      { name: 'b1', groups: ['b'] },
    ]
    const [both, b1] = await makeModel(gateway, 'checked', ways)
    const groups = ['a', 'b', 'auto']
    const { id, api } = await makeKey(gateway, { groups }, { ...AUTO, cross_group_retry: false })
    const check = async () =>
      (await api('POST', `/api/token/${id}/check`, { model: 'checked', ip: '127.0.0.1' })).json.data
    const why = (skipped: string, word: string) => ({
      skipped,
      skipped_because: { word, facts: { group: 'a' } },
    })
    const off = why('cross_group_retry is off, and group a is chosen', 'other_group_chosen')
    const before = why('it is tried in group a already', 'tried_before')
    expect(await check()).toMatchObject({ verdict: 'allowed' })
    expect((await check()).channels).toEqual([
      { id: both?.id, name: 'both', group: 'a' },
      { id: both?.id, name: 'both', group: 'b', ...off },
      { id: b1?.id, name: 'b1', group: 'b', ...off },
    ])
    const because = (await check()).checks.map((one: { because: string }) => one.because)
    expect(because).toContain('auto walks a, b')
    expect(because).toContain('2 channels of the groups a, b serve checked')
    await api('PUT', '/api/token/', { id, cross_group_retry: true })
    expect((await check()).channels).toEqual([
      { id: both?.id, name: 'both', group: 'a' },
      { id: both?.id, name: 'both', group: 'b', ...before },
      { id: b1?.id, name: 'b1', group: 'b' },
    ])
  })
})

describe('a key can name', () => {
  it('only what its account may use; auto only when it was granted, and never within auto', async () => {
    const { api, id } = await makeKey(gateway, { groups: ['a'] }, {})
    const refused = async (fields: object) => {
      const answers = [
        await api('POST', '/api/token/', { name: 'x', ...fields }),
        await api('PUT', '/api/token/', { id, ...fields }),
      ]
      const said = answers.map(({ json }) => `${json.code}: ${json.message}`)
      expect(said[0]).toBe(said[1])
      return said[0]
    }
    expect(await refused({ group: 'b' })).toBe('group_not_accessible: no access to group b')
    expect(await refused({ group: 'auto' })).toBe('group_not_accessible: no access to group auto')
    const walking = { auto_groups: ['a', 'b'] }
    expect(await refused(walking)).toBe('group_not_accessible: no access to group b')
    expect(await refused({ auto_groups: ['a', 'auto'] })).toBe(
      'invalid_field: auto_groups: auto can not walk itself',
    )
    expect((await api('PUT', '/api/token/', { id, group: 'a' })).json.data.group).toBe('a')
  })
})
