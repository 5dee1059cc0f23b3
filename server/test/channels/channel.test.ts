import { describe, expect, it } from 'vitest'
import { BaseUrlError, parseBaseUrl } from '../../src/channels/base-url.ts'
import { compileChannel } from '../../src/channels/channel.ts'
import {
  maskUpstreamKey,
  openUpstreamKeys,
  sealUpstreamKeys,
} from '../../src/channels/upstream-keys.ts'
import { createVault } from '../../src/keys/vault.ts'
import type { ChannelTable } from '../../src/storage/tables.ts'

const row: ChannelTable = {
  id: 7,
  name: 'a',
  type: 'openai-compatible',
  base_url: 'https://models.example',
  keys: '[]',
  models: '["m"]',
  groups: '["default"]',
  model_mapping: '{"public":"theirs"}',
  priority: 3,
  weight: 2,
  free: 1,
  cost_ratio: 1,
  status: 1,
  dialects: '[]',
  headers: '{"X-Team":"a"}',
  timeouts: '{"idle_ms":500}',
  created_at: 0,
  deleted_at: null,
}
const accessTo = () => undefined
const none = { authorization: [], askedModels: () => [], accessTo }

describe('a base URL', () => {
  it.each([
    ['https://api.openai.com/v1', 'https://api.openai.com', '/v1'],
    ['https://models.example', 'https://models.example', '/v1'],
    ['https://models.example/', 'https://models.example', '/v1'],
    ['http://127.0.0.1:11434/v1//', 'http://127.0.0.1:11434', '/v1'],
    ['https://models.example/api/openai/v2', 'https://models.example', '/api/openai/v2'],
    ['http://[::1]:8080', 'http://[::1]:8080', '/v1'],
  ])('%s', (text, origin, pathPrefix) => {
    expect(parseBaseUrl(text)).toEqual({ origin, pathPrefix })
  })

  it.each([
    '',
    'models.example',
    'ftp://models.example',
    'https://user:pass@models.example',
    'https://models.example/v1?key=x',
    'https://models.example/v1#a',
    'file:///etc/passwd',
  ])('is refused in words: %s', (text) => {
    expect(() => parseBaseUrl(text)).toThrow(BaseUrlError)
  })
})

describe('a compiled channel', () => {
  it('holds what its row says', () => {
    const channel = compileChannel(row, {
      ...{ authorization: ['k'], accessTo },
      askedModels: () => ['asked'],
    })
    expect(channel).toMatchObject({
      id: 7,
      type: 'openai-compatible',
      baseUrl: { origin: 'https://models.example', pathPrefix: '/v1' },
      authorization: ['k'],
      models: new Set(['m']),
      asksModels: false,
      mapping: new Map([['public', 'theirs']]),
      priority: 3,
      weight: 2,
      free: true,
      costRatio: 1,
      enabled: true,
      headers: [['x-team', 'a']],
      timeouts: { idleMs: 500 },
    })
  })

  it('without models of its own serves what the provider named, and what is mapped', () => {
    const channel = compileChannel(
      { ...row, models: '[]' },
      { ...none, askedModels: () => ['asked'] },
    )
    expect(channel.asksModels).toBe(true)
    expect(channel.models).toEqual(new Set(['asked', 'public']))
  })

  it('of a type of a later version is refused', () => {
    expect(() => compileChannel({ ...row, type: 'unheard-of' }, none)).toThrow(/unheard-of/)
  })
})

describe("a provider's key", () => {
  const vault = createVault(Buffer.alloc(32, 7), 1)

  it('is stored so that only its own channel opens it', () => {
    const column = sealUpstreamKeys(vault, 7, ['sk-provider-1', 'sk-provider-2'])
    expect(column).not.toContain('sk-provider')
    expect(openUpstreamKeys(vault, 7, column)).toEqual(['sk-provider-1', 'sk-provider-2'])
    expect(() => openUpstreamKeys(vault, 8, column)).toThrow()
  })

  it('is masked, and a short one whole', () => {
    expect(maskUpstreamKey('sk-abcdefghijklmnopwxyz')).toBe('sk-a**********wxyz')
    expect(maskUpstreamKey('short-key')).toBe('**********')
  })
})
