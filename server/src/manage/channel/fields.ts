import Type, { type Static } from 'typebox'
import {
  CHANNEL_DIALECTS,
  CHANNEL_TYPES,
  type ChannelDialect,
  type ChannelType,
} from '../../channels/types/types.ts'
import { byName } from '../by-name.ts'
import { groupName } from '../user/record.ts'

/** Contract 5: model ids have at most 256 bytes. */
export const LONGEST_MODEL = 256
const model = Type.String({ minLength: 1, maxLength: LONGEST_MODEL })
const upstreamKey = Type.String({ minLength: 1, maxLength: 8192, writeOnly: true })
const deadline = Type.Optional(Type.Integer({ minimum: 100, maximum: 86_400_000 }))

const dialect = Type.Unsafe<ChannelDialect>(
  Type.Union(CHANNEL_DIALECTS.map((name) => Type.Literal(name))),
)

const timeouts = Type.Object({ first_byte_ms: deadline, idle_ms: deadline, total_ms: deadline })

/** What a channel holds besides its keys, as it is sent and read. */
const shown = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  // Of a list that is made from another, the schema's own type would be nothing.
  type: Type.Unsafe<ChannelType>(
    Type.Union(
      CHANNEL_TYPES.map((type) => Type.Literal(type)),
      { description: 'Which API is behind it: docs/channels.md.' },
    ),
  ),
  base_url: Type.String({
    maxLength: 2048,
    description:
      'Without a path it means the API of its type. `openai` has one of its own; docs/channels.md has the forms.',
  }),
  models: Type.Array(model, {
    maxItems: 1000,
    description: 'Public model ids; none: the provider is asked which it has.',
  }),
  groups: Type.Array(groupName, { minItems: 1, maxItems: 100 }),
  model_mapping: byName(model, {
    description: 'Public id to the id that the provider knows.',
  }),
  priority: Type.Integer({
    minimum: -1_000_000,
    maximum: 1_000_000,
    description: 'Higher ones are tried first.',
  }),
  weight: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Share of the calls among channels of equal priority; 0: only when no other of them is left.',
  }),
  free: Type.Boolean({ description: 'Calls through it cost nothing.' }),
  cost_ratio: Type.Number({
    minimum: 0,
    maximum: 1_000,
    description:
      'What a call costs the operator there, in relation to other channels: for the policy `cheapest`. Callers pay the same.',
  }),
  status: Type.Union([Type.Literal(1), Type.Literal(2)], { description: '1 enabled, 2 disabled.' }),
  dialects: Type.Array(dialect, {
    uniqueItems: true,
    description:
      'What the provider speaks, preferred first; none: what its type speaks. Calls in another dialect are translated.',
  }),
  headers: byName(Type.String({ maxLength: 4096 }), {
    description: 'Further request headers. Credentials belong in `keys`.',
  }),
  timeouts,
}

const keys = {
  keys: Type.Optional(
    Type.Array(upstreamKey, {
      maxItems: 100,
      description:
        "The provider's keys. Encrypted at rest; read back masked; a mask sent back means unchanged.",
    }),
  ),
  key: Type.Optional(upstreamKey),
}

const optional = {
  base_url: Type.Optional(shown.base_url),
  models: Type.Optional(shown.models),
  groups: Type.Optional(shown.groups),
  model_mapping: Type.Optional(shown.model_mapping),
  priority: Type.Optional(shown.priority),
  weight: Type.Optional(shown.weight),
  free: Type.Optional(shown.free),
  cost_ratio: Type.Optional(shown.cost_ratio),
  status: Type.Optional(shown.status),
  dialects: Type.Optional(shown.dialects),
  headers: Type.Optional(shown.headers),
  timeouts: Type.Optional(timeouts),
}

export const newChannel = Type.Object({ name: shown.name, type: shown.type, ...keys, ...optional })
export type NewChannel = Static<typeof newChannel>

export const changedChannel = Type.Object({
  name: Type.Optional(shown.name),
  type: Type.Optional(shown.type),
  ...keys,
  ...optional,
})
export type ChangedChannel = Static<typeof changedChannel>

const breaker = {
  state: Type.Union([Type.Literal('closed'), Type.Literal('half_open'), Type.Literal('open')], {
    description: 'closed: calls pass; open: none does; half_open: one at a time, as a probe.',
  }),
  since: Type.Integer({ description: 'Unix seconds.' }),
  open_until: Type.Optional(Type.Integer({ description: 'Unix seconds.' })),
  reason: Type.Optional(Type.String({ description: 'Why it opened last.' })),
}

/** How a channel is doing, as one node sees it. */
export const healthSchema = Type.Object({
  ...breaker,
  keys: Type.Array(Type.Object({ ...breaker, key: Type.String({ description: 'Masked.' }) })),
})

/** A channel as administrators read it. */
export const channelSchema = Type.Object({
  id: Type.Integer(),
  ...shown,
  keys: Type.Array(Type.String(), { description: 'Masked.' }),
  served_models: Type.Array(Type.String(), {
    description: 'What it serves now: `models`, or what the provider answered when there are none.',
  }),
  health: Type.Optional(healthSchema),
  created_time: Type.Integer(),
})

export const channelParams = Type.Object({ id: Type.Integer() })
