import Type from 'typebox'
import type { Caller } from '../../accounts/caller.ts'
import { ratioFor } from '../../groups/groups.ts'
import { operation } from '../operation.ts'
import { priceBody } from '../price/wire.ts'
import type { Rooms } from '../rooms.ts'

const known = Type.Union([Type.Integer(), Type.Null()])
const ownModel = Type.Object({
  id: Type.String(),
  provider: Type.String({
    description: 'Whose price list it is; empty where the catalogue does not know the model.',
  }),
  context_window: known,
  max_output: known,
  price: Type.Union([priceBody, Type.Null()], {
    description:
      'US dollars at the ratio 1, as in `GET /api/price/{model}`; null: it costs nothing.',
  }),
  groups: Type.Array(
    Type.Object({
      name: Type.String(),
      ratio: Type.Number({ description: 'Factor of every price.' }),
    }),
    { description: 'Which of your groups serve it, by name.' },
  ),
})

/** `GET /api/user/self/models`: what the account's keys may call, where, and for how much. */
export const listOwnModels = (rooms: Pick<Rooms, 'directory' | 'prices' | 'groups'>) =>
  operation({
    method: 'GET',
    path: '/api/user/self/models',
    scope: 'any',
    tag: 'Your account',
    summary: 'Models that your API keys may call',
    description:
      'By id, with the groups that serve them. A key may be limited to fewer: `GET /v1/models` tells what one key may call.',
    data: Type.Array(ownModel),
    run: async ({ caller }) => ({ data: ownModels(rooms, caller) }),
  })

interface ServingGroup {
  readonly name: string
  readonly ratio: number
}

function ownModels(rooms: Pick<Rooms, 'directory' | 'prices' | 'groups'>, caller: Caller) {
  const { directory, prices, groups } = rooms
  const own = new Set([caller.group, ...caller.groups])
  const serving = new Map<string, ServingGroup[]>()
  for (const group of groups.all().filter(({ name }) => own.has(name))) {
    const shown = { name: group.name, ratio: Number(ratioFor(group, caller.group)) }
    for (const id of directory.models(group.name)) {
      if (!isCallable(rooms, group.name, id)) continue
      const served = serving.get(id)
      if (served === undefined) serving.set(id, [shown])
      else served.push(shown)
    }
  }
  const ids = [...serving.keys()].sort()
  return ids.map((id) => ({
    id,
    provider: prices.catalogued(id)?.provider ?? '',
    context_window: prices.contextWindow(id) ?? null,
    max_output: prices.maxOutput(id) ?? null,
    price: prices.priceOf(id)?.price ?? null,
    groups: serving.get(id),
  }))
}

/** Without a price only channels that cost nothing may be called: as `GET /v1/models` has it. */
const isCallable = (
  { directory, prices }: Pick<Rooms, 'directory' | 'prices'>,
  group: string,
  id: string,
): boolean =>
  prices.priceOf(id) !== undefined || directory.candidates(group, id).some(({ free }) => free)
