import Type from 'typebox'
import { EVENT_TYPES } from '../../events/catalogue.ts'

const shown = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  url: Type.String({
    minLength: 1,
    maxLength: 2048,
    description: 'http or https. Private addresses as for channels.',
  }),
  events: Type.Array(Type.Union(EVENT_TYPES.map((type) => Type.Literal(type))), {
    maxItems: 100,
    description: 'Which it gets; none named: all, also those of later versions.',
  }),
  status: Type.Union([Type.Literal(1), Type.Literal(2)], {
    description: '1 enabled, 2 disabled: new events are not kept for it, and waiting ones wait.',
  }),
}

export const newWebhook = Type.Object({
  name: shown.name,
  url: shown.url,
  events: Type.Optional(shown.events),
  status: Type.Optional(shown.status),
})

export const changedWebhook = Type.Object({
  name: Type.Optional(shown.name),
  url: Type.Optional(shown.url),
  events: Type.Optional(shown.events),
  status: Type.Optional(shown.status),
})

/** A webhook as administrators read it: never with its secret. */
export const webhookSchema = Type.Object({
  id: Type.Integer(),
  ...shown,
  former_secret_until: Type.Integer({
    description:
      'Unix seconds until which the secret before the last rotation signs too; 0: none does.',
  }),
  created_time: Type.Integer(),
})

const secret = Type.String({
  description: '`whsec_...`, for checking signatures by Standard Webhooks. Shown this once.',
})
export const createdWebhook = Type.Object({ id: Type.Integer(), secret })
export const rotatedWebhook = Type.Object({ secret })

export const webhookParams = Type.Object({ id: Type.Integer() })
