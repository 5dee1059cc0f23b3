import type { Settings } from '../settings/settings.ts'
import type { ApiKey } from './api-key.ts'

type Asked = Pick<Settings, 'get'>
const NONE: readonly string[] = []

/**
 * The models that are tried in turn when nobody can serve the one that a key asks for; those of them that it may use.
 * They have no fallbacks themselves. Asked only once it is needed, so that calls that are served as they were asked pay
 * nothing for it.
 */
export const fallbacksFor = (settings: Asked, key: ApiKey, asked: string): readonly string[] =>
  namedFallbacks(settings, key, asked).filter((model) => key.mayUseModel(model))

/** All that are named: by the key's own list, else by its group's, else by the model's. */
export function namedFallbacks(settings: Asked, key: ApiKey, asked: string): readonly string[] {
  const named = key.fallbackModels ?? listOf(settings.get('routing.fallback_models'), asked)
  return named.filter((model) => model !== asked)
}

/** The id comes from a caller: `constructor` is no list. */
const listOf = (lists: Readonly<Record<string, readonly string[]>>, model: string) =>
  (Object.hasOwn(lists, model) ? lists[model] : undefined) ?? NONE
