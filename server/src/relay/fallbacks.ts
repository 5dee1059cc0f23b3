import type { ApiKey } from '../keys/api-key.ts'
import type { Settings } from '../settings/settings.ts'

const NONE: readonly string[] = []

/**
 * The models that are tried in turn when nobody can serve the one that a key asks for: the key's own list, else its
 * group's, else the model's; those of them that the key may use. They have no fallbacks themselves. Asked only once it is
 * needed, so that calls that are served as they were asked pay nothing for it.
 */
export function fallbacksFor(
  settings: Pick<Settings, 'get'>,
  key: Pick<ApiKey, 'fallbackModels' | 'mayUseModel'>,
  asked: string,
): readonly string[] {
  const listed = key.fallbackModels ?? listOf(settings.get('routing.fallback_models'), asked)
  return listed.filter((model) => model !== asked && key.mayUseModel(model))
}

/** The id comes from a caller: `constructor` is no list. */
const listOf = (lists: Readonly<Record<string, readonly string[]>>, model: string) =>
  (Object.hasOwn(lists, model) ? lists[model] : undefined) ?? NONE
