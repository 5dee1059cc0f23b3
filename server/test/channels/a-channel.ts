import type { Channel } from '../../src/channels/channel.ts'
import type { ChannelTable } from '../../src/storage/tables.ts'

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
  costRatio: 1,
  enabled: true,
  headers: [],
  timeouts: {},
  ...fields,
})

/** The same as a row. `keys` have to be sealed. */
export const channelRow = (
  id: number,
  fields: Partial<ChannelTable> & Pick<ChannelTable, 'keys'>,
): ChannelTable => ({
  id,
  name: `c${id}`,
  type: 'openai-compatible',
  base_url: 'http://127.0.0.1:9',
  models: '["m"]',
  groups: '["default"]',
  model_mapping: '{}',
  priority: 0,
  weight: 1,
  free: 0,
  cost_ratio: 1,
  status: 1,
  dialects: '[]',
  headers: '{}',
  timeouts: '{}',
  created_at: 0,
  deleted_at: null,
  ...fields,
})
