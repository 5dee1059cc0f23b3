import { assert, expect, it } from 'vitest'
import { refuses, resets } from '../tools/bad-scripts.ts'
import { asking } from '../tools/calls.ts'
import { startGateway } from '../tools/gateway.ts'
import { exchange, requestText } from '../tools/raw.ts'
import { leaks, leaksInBytes, type Said } from '../tools/secrets.ts'
import { streams } from '../tools/upstream-scripts.ts'

/*
 * Every gateway of the test run searches its log lines and answers for the secrets it used when it is closed
 * (tools/gateway.ts). This file drives one through everything that could say a secret, and looks at its files too.
 */

it('no secret is in a log line, in an answer that may be kept, or in the clear on disk', {
  timeout: 60_000,
}, async () => {
  const password = 'a password that is secret 4711'
  const gateway = await startGateway({ config: { adminPassword: password } })
  const secrets = new Set([gateway.secret(password), gateway.adminToken])
  const said: Said[] = []
  const hear = (where: string, text: string) => void said.push({ where, text })
  try {
    const upstreamKey = gateway.secret(`sk-upstream-${'u'.repeat(30)}`)
    secrets.add(upstreamKey)
    await gateway.offer('good', undefined, { channel: { keys: [upstreamKey] } })
    await gateway.offer('streamed', streams(), { channel: { keys: [upstreamKey] } })
    await gateway.offer('resetting', resets, { channel: { keys: [upstreamKey] } })
    await gateway.offer('quoting', refuses(401, `Incorrect API key provided: ${upstreamKey}`), {
      channel: { keys: [upstreamKey] },
    })
    await gateway.offer('quoting-400', refuses(400, `you sent ${upstreamKey}`), {
      channel: { keys: [upstreamKey] },
    })
    const { id, key } = await gateway.createKey()
    secrets.add(key)

    // The key in every place where one can stand, right and wrong.
    for (const model of ['good', 'streamed', 'resetting', 'quoting', 'quoting-400', 'none']) {
      await gateway.call(asking(model, { stream: model === 'streamed' }), key)
    }
    for (const path of [
      `/v1/chat/completions?key=${key}`,
      `/v1/${key}`,
      `/nothing/${key}?key=${key}`,
    ]) {
      await gateway.call(asking('good'), key, {
        path,
        headers: { 'x-api-key': key, cookie: `k=${key}` },
      })
    }
    await gateway.call(asking(key), key)
    await gateway.call(asking('good'), `${key}x`)
    const broken = requestText('POST /v1/chat/completions', {
      authorization: `Bearer ${key}`,
      'x y': key,
    })
    hear('the answer to a broken request', await exchange(gateway.url, broken))

    // The management API, with tokens and values where they are not due.
    await gateway.call(asking('good'), gateway.adminToken)
    await gateway.api('GET', '/api/token/', undefined, { authorization: `Bearer ${key}` })
    await gateway.api('GET', '/api/token/', undefined, { authorization: `${gateway.adminToken}x` })
    await gateway.api('POST', '/api/token/', { name: { key } })
    await gateway.api('POST', '/api/token/', `{"name": "${key}`)
    await gateway.api('GET', `/api/token/search?token=${key}`)
    await gateway.api('GET', `/user/quota?key=${key}`)
    await gateway.api('GET', '/api/usage/token', undefined, { authorization: `Bearer ${key}` })
    for (const path of [
      '/api/channel/',
      '/api/audit/',
      '/api/log/',
      '/api/setting/',
      '/api/user/',
    ]) {
      const answer = await gateway.api('GET', path)
      expect([path, answer.json?.success]).toEqual([path, true])
      hear(`the list at ${path}`, answer.text)
    }
    const made = await gateway.manage('POST', '/api/user/', {
      username: 'second',
      password: `${password}2`,
    })
    secrets.add(gateway.secret(`${password}2`))
    const { token } = await gateway.manage('POST', `/api/user/${made.id}/access_tokens`, {
      name: 't',
    })
    secrets.add(gateway.secret(token))
    const rotated = await gateway.manage('POST', `/api/token/${id}/rotate`, { grace_seconds: 60 })
    secrets.add(gateway.secret(rotated.key))
    await gateway.call(asking('good'), rotated.key)
    hear('the audit log', (await gateway.api('GET', '/api/audit/')).text)
    for (const path of ['/metrics', '/api/openapi.json', '/api/status', '/readyz']) {
      hear(path, await fetch(gateway.url + path).then((response) => response.text()))
    }

    assert.deepEqual(leaks(secrets, said), [])
    const stored = await gateway.database.stored()
    const onDisk = stored.flatMap(({ name, bytes }) => leaksInBytes(secrets, name, bytes))
    assert.deepEqual(onDisk, [])
    expect(gateway.logs.length).toBeGreaterThan(0)
  } finally {
    await gateway.close()
  }
})

it('a failing upstream’s own words are in the log, for the operator, and not in the answer', async () => {
  const gateway = await startGateway()
  await gateway.offer('refusing', refuses(403, 'your project 0815 was deactivated'))
  const { key } = await gateway.createKey()
  const answer = await gateway.call(asking('refusing'), key)
  expect(answer.text).not.toContain('0815')
  expect(gateway.logs.join('\n')).toContain('project 0815')
  await gateway.close()
})

it('answers that hold a secret are kept by nobody', async () => {
  const gateway = await startGateway()
  const answer = await gateway.api(
    'POST',
    '/api/token/',
    { name: 'k' },
    { prefer: 'return=representation' },
  )
  gateway.secret(answer.json.data.key)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const read = await gateway.api('GET', answer.headers.get('location') ?? '')
  expect([read.json.data.key, read.headers.get('cache-control')]).toEqual([
    answer.json.data.key,
    'no-store',
  ])
  await gateway.close()
})
