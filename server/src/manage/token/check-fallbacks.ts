import Type, { type Static } from 'typebox'
import type { ApiKey } from '../../keys/api-key.ts'
import { because } from '../../keys/because.ts'
import { namedFallbacks } from '../../keys/fallbacks.ts'
import type { Rooms } from '../rooms.ts'
import {
  type Judged,
  judgeRoute,
  skipped,
  toSkipped,
  triedChannel,
  type Verdict,
} from './check-route.ts'
import { readExtra } from './extra.ts'
import type { KeyRow } from './rows.ts'

/** A model that is tried when nobody can serve the asked one. */
export const triedFallback = Type.Object({
  model: Type.String(),
  named_by: Type.Union([Type.Literal('key'), Type.Literal('group'), Type.Literal('model')], {
    description: 'Whose list it is in.',
  }),
  ...skipped,
  channels: Type.Array(triedChannel),
})

type TriedFallback = Static<typeof triedFallback>

interface Fallback {
  readonly tried: TriedFallback
  readonly route: Judged
}

type Parts = Pick<Rooms, 'directory' | 'prices' | 'health' | 'settings'>

/** The models that a call of this key would fall back to, in the order in which they are tried. */
export function judgeFallbacks(
  rooms: Parts,
  { extra }: Pick<KeyRow, 'extra'>,
  key: ApiKey,
  model: string | undefined,
): readonly Fallback[] {
  if (model === undefined) return []
  const named_by =
    key.fallbackModels === undefined
      ? 'model'
      : readExtra(extra).fallback_models === undefined
        ? 'group'
        : 'key'
  return namedFallbacks(rooms.settings, key, model).map((other) => {
    const route = judgeRoute(rooms, key, other)
    const refused = [...route.verdicts, ...route.up].find(({ refusal }) => refusal !== undefined)
    const why = key.mayUseModel(other) ? refused?.because : because('fallback_not_listed', {})
    const tried: TriedFallback = { model: other, named_by, channels: [...route.channels] }
    return { route, tried: why === undefined ? tried : { ...tried, ...toSkipped(why) } }
  })
}

/** The checks of the route, given what would be tried instead: what one of them can serve is not refused. */
export function withFallbacks(route: Judged, fallbacks: readonly Fallback[]): Judged {
  const next = fallbacks.find(({ tried }) => tried.skipped === undefined)
  if (next === undefined) return route
  const instead = (verdict: Verdict): Verdict =>
    verdict.refusal === undefined
      ? verdict
      : {
          ...verdict,
          refusal: undefined,
          instead: next.tried.model,
        }
  const up = route.up.length === 0 ? next.route.up : route.up.map(instead)
  return { ...route, verdicts: route.verdicts.map(instead), up }
}
