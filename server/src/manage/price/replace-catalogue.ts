import Type from 'typebox'
import { Refused } from '../../errors.ts'
import {
  countModels,
  MOST_CATALOGUE_BYTES,
  readProviders,
  UnfitCatalogue,
} from '../../prices/read-catalogue.ts'
import { storeCatalogue } from '../../prices/stored-catalogue.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

/** `POST /api/price/catalogue`: other prices in the place of the bundled ones. What `turnpike prices update` sends. */
export const replaceCatalogue = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/price/catalogue',
    scope: 'admin',
    tag: 'Prices',
    summary: 'Replace the catalogue of prices',
    description:
      'Every node has it when the answer comes. Overrides still stand above it, and calls that run are charged at the price they were admitted with. Up to 16 MiB.',
    mostBytes: MOST_CATALOGUE_BYTES,
    body: Type.Object({
      providers: Type.Union([Type.Array(Type.Unknown()), Type.Null()], {
        description: 'The list of providers in the format of genai-prices; null: the bundled one.',
      }),
    }),
    data: Type.Object({ providers: Type.Integer(), models: Type.Integer() }),
    async run(asked) {
      const providers = asked.body.providers === null ? undefined : readable(asked.body.providers)
      const { statement, changes } = storeCatalogue(rooms.store, providers, rooms.now())
      const counts = { providers: providers?.length ?? 0, models: countModels(providers ?? []) }
      const audit = auditStatement(rooms, asked, {
        action: providers === undefined ? 'price_catalogue.remove' : 'price_catalogue.set',
        subject: 'price catalogue',
        after: counts,
      })
      await rooms.store.write([statement, audit], changes)
      return { data: counts }
    },
  })

/** @throws Refused `invalid_field` */
function readable(list: readonly unknown[]) {
  try {
    return readProviders(list)
  } catch (failure) {
    if (!(failure instanceof UnfitCatalogue)) throw failure
    throw new Refused('invalid_field', `providers: ${failure.message}`)
  }
}
