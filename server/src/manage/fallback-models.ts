import Type from 'typebox'
import {
  LONGEST_MODEL_BYTES,
  MOST_FALLBACKS,
  whyNotFallbacks,
} from '../channels/fallback-models.ts'
import { Refused } from '../errors.ts'

/** The field of whoever names models to try when nobody can serve the asked one; what a schema can't say is in `checkFallbacks`. */
export const fallbackModels = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: LONGEST_MODEL_BYTES }), {
      maxItems: MOST_FALLBACKS,
      description,
    }),
  )

/** @throws Refused `invalid_field` */
export function checkFallbacks(models: readonly string[]): void {
  const why = whyNotFallbacks(models)
  if (why !== undefined) throw new Refused('invalid_field', `fallback_models ${why}`)
}
