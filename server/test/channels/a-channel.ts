import type { Channel } from '../../src/channels/channel.ts'

/** A channel with nothing special about it. */
export const aChannel = (id: number, fields: Partial<Channel> = {}): Channel => ({
  id,
  name: `channel ${id}`,
  type: 'openai-compatible',
  baseUrl: { origin: 'http://here', pathPrefix: '/v1' },
  dialects: ['openai'],
  authorization: ['a'],
  models: new Set(['m']),
  asksModels: false,
  mapping: new Map(),
  groups: ['default'],
  priority: 0,
  weight: 1,
  free: false,
  enabled: true,
  headers: [],
  timeouts: {},
  ...fields,
})
