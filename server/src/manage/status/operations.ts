import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { UNITS_PER_DOLLAR } from '../../ledger/units.ts'
import { proveCaller, requireScope } from '../access.ts'
import { type Operation, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

/** `GET /api/status` */
const getStatus = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/status',
    scope: 'public',
    summary: 'Version and constants of this gateway',
    tag: 'Program',
    data: Type.Object({
      version: Type.String(),
      started_at: Type.Integer(),
      quota_per_unit: Type.Integer({ description: 'Quota units of one US dollar.' }),
      sign_in: Type.Object(
        {
          password: Type.Literal(true),
          passkey: Type.Boolean(),
          providers: Type.Array(Type.String(), { description: 'Others that vouch for people.' }),
          sign_up: Type.Union(
            (['off', 'invite', 'open'] as const).map((mode) => Type.Literal(mode)),
          ),
          email: Type.Boolean({ description: 'Whether the gateway sends e-mail.' }),
        },
        { description: 'How one may sign in to the console.' },
      ),
      set_up_due: Type.Boolean({
        description: "Whether the administrator's password is still the one of the first start.",
      }),
    }),
    async run() {
      const { version, startedAt } = rooms.program
      return {
        data: {
          version,
          started_at: Math.floor(startedAt / 1000),
          quota_per_unit: UNITS_PER_DOLLAR,
          sign_in: rooms.ways.offered(),
          set_up_due: await rooms.ways.setUpDue(),
        },
      }
    },
  })

const ok = Type.Object({ status: Type.Literal('ok') })

/** `GET /healthz`: the process answers. Whoever restarts it on a failure here must not do so because of a full disk. */
const getHealth = () =>
  operation({
    method: 'GET',
    path: '/healthz',
    scope: 'public',
    summary: 'Whether the process answers',
    tag: 'Program',
    whole: ok,
    run: async () => ({ raw: { status: 'ok' } }),
  })

/** `GET /readyz`: calls may be sent here. */
const getReadiness = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/readyz',
    scope: 'public',
    summary: 'Whether calls may be sent here: the database can be written, and it is not stopping',
    tag: 'Program',
    whole: ok,
    async run() {
      if (rooms.program.draining()) throw new Refused('draining')
      if (!rooms.store.healthy() || !rooms.store.accepting())
        throw new Refused('ledger_unavailable')
      return { raw: { status: 'ok' } }
    },
  })

/** `GET /metrics` */
const getMetrics = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/metrics',
    scope: 'public',
    summary: 'Prometheus metrics',
    description: 'With the setting `metrics.public` off it takes a token with the scope `admin`.',
    tag: 'Program',
    text: 'text/plain',
    async run({ headers }) {
      if (!rooms.settings.get('metrics.public')) {
        const { authorization } = headers
        const sent = authorization === undefined ? [] : [authorization]
        const caller = await proveCaller(rooms.accessTokens, {
          authorization: sent,
          apiKeyHeader: false,
        })
        requireScope(caller, { scope: 'admin' })
      }
      const { type, body } = await rooms.metrics.text()
      return { stream: { type, body: [body] } }
    },
  })

/** What the program says about itself. */
export const statusOperations = (rooms: Rooms): readonly Operation[] => [
  getStatus(rooms),
  getHealth(),
  getReadiness(rooms),
  getMetrics(rooms),
]
