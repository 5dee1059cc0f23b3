import Type, { type Static, type TObject } from 'typebox'

/** Something that happened, as webhooks and the log tell it; `docs/events.md` is made from these. */
export interface EventKind {
  /** How loud the log line is. */
  readonly level: 'info' | 'warn'
  /** What somebody has to do about an event with these facts: the log then says so, as an error. */
  readonly needs?: (data: { readonly reason?: string }) => string | undefined
  /** When it is told, and how often. */
  readonly says: string
  /** Facts; never a secret. */
  readonly data: TObject
}

const id = (what: string, example: number) =>
  Type.Integer({ description: `Id of the ${what}.`, examples: [example] })
const text = (description: string, example: string) =>
  Type.String({ description, examples: [example] })
const whole = (description: string, example: number) =>
  Type.Integer({ description, examples: [example] })

const node = text('The gateway that noticed it; each node judges for itself.', 'gateway-1:4242')
const place = Type.Optional(
  whole('Only this key of the channel is meant: its place, from 1. Absent: the channel itself.', 2),
)
const channel = {
  channel_id: id('channel', 3),
  channel_name: text('Its name.', 'openai-main'),
  key: place,
  node,
}
const owner = {
  account_id: id('account', 5),
  username: text('Its name.', 'alice'),
}
const key = {
  key_id: id('API key', 12),
  key_name: text('Its name.', 'production'),
  ...owner,
}

/** Every kind of event there is. */
export const events = {
  'channel.opened': {
    level: 'warn',
    needs: ({ reason }) =>
      reason === 'denied'
        ? 'the provider refuses our key or account, it needs an administrator'
        : undefined,
    says: 'A channel, or one of its keys, has failed so often that calls leave it out for a while. Told each time; the log line is an error when the reason is `denied`.',
    data: Type.Object({
      ...channel,
      reason: text('Why: `error_rate`, `denied` and others.', 'consecutive_failures'),
      seconds: whole('For how long it is left out.', 5),
    }),
  },
  'channel.closed': {
    level: 'info',
    says: 'A channel, or one of its keys, works again.',
    data: Type.Object(channel),
  },
  'key.exhausted': {
    level: 'warn',
    says: 'A call has spent the last unit of an API key. Told once, and again when it was topped up and spent anew.',
    data: Type.Object(key),
  },
  'key.expiring': {
    level: 'warn',
    says: 'An API key expires within `events.expiring_days` days. Told once for each time that it is set to expire at.',
    data: Type.Object({
      ...key,
      expires_at: whole('When, in Unix seconds.', 1_790_000_000),
    }),
  },
  'budget.threshold': {
    level: 'warn',
    says: 'A budget is spent to 50, 80 or 100 %. Told once for each of these and each period; the highest, when several are passed at once.',
    data: Type.Object({
      owner: Type.Union([Type.Literal('key'), Type.Literal('account')], {
        description: 'Whose budget it is.',
        examples: ['key'],
      }),
      owner_id: id('API key or account', 12),
      period: text('`day`, `week` or `month`.', 'month'),
      threshold: Type.Union([Type.Literal(50), Type.Literal(80), Type.Literal(100)], {
        description: 'Per cent.',
        examples: [80],
      }),
      used: whole('Units spent in this period.', 4_100_000),
      amount: whole('Units that may be spent in it.', 5_000_000),
      resets_at: text('When the next period begins, RFC 3339.', '2026-12-01T00:00:00Z'),
    }),
  },
  'account.low': {
    level: 'warn',
    says: 'A call or a management call has brought the balance of an account below `events.account_low` units. Told once, and again when a top-up has lifted it above that and it falls again.',
    data: Type.Object({
      ...owner,
      remain: whole('Units it has left.', 480_000),
      limit: whole('The setting at that moment.', 500_000),
    }),
  },
} as const satisfies Readonly<Record<string, EventKind>>

export type EventType = keyof typeof events
export type EventFacts<T extends EventType> = Static<(typeof events)[T]['data']>

export const EVENT_TYPES = Object.keys(events) as readonly EventType[]

/** What `POST /api/webhook/{id}/test` sends; nobody can, or need, ask for it. */
export const TEST_EVENT = 'webhook.test'

/** What receivers get. */
export const eventBody = (event: {
  readonly uid: string
  readonly type: string
  readonly createdAt: number
  readonly data: object
}): string => {
  const { uid, type, createdAt, data } = event
  return JSON.stringify({ id: uid, type, created_at: createdAt, data })
}
