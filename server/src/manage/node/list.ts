import Type from 'typebox'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

const nodeSchema = Type.Object({
  id: Type.Integer({
    description: 'Never given twice: a node that others took for dead has a new one.',
  }),
  name: Type.String({ description: 'Machine and process.' }),
  url: Type.String(),
  version: Type.String(),
  started_at: Type.Integer({ description: 'Unix seconds.' }),
  self: Type.Boolean({ description: 'Whether this node answers.' }),
  moves: Type.Integer({
    description:
      'Calls of its lane that borrows and gives back units. One that stands still for 15 s is taken for dead.',
  }),
  settles: Type.Integer({ description: 'Calls of its lane that settles.' }),
  holds: Type.Integer({ description: 'Balances of which it has units.' }),
  units: Type.Integer({
    description: 'Quota units that it has borrowed and not spent, over all balances.',
  }),
})

/** `GET /api/node/` */
export const listNodes = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/node',
    scope: 'admin',
    summary: 'The nodes that share the database, and what each holds',
    description:
      'With SQLite there is one, which borrows nothing: its units are those that running calls set aside.',
    tag: 'Program',
    data: Type.Array(nodeSchema),
    async run() {
      return { data: (await rooms.store.nodes?.()) ?? [alone(rooms)] }
    },
  })

function alone({ ledger, program }: Rooms) {
  const { reservations, units } = ledger.outstanding()
  return {
    ...{ id: 0, name: program.name, url: '', version: program.version },
    ...{ started_at: Math.floor(program.startedAt / 1000), self: true },
    ...{ moves: 0, settles: 0, holds: reservations, units },
  }
}
