import type { Feature } from './features.ts'

/** What a call asks for, while it is read: each feature with the caller's first own name for it. */
export type Uses = Map<Feature, string>

export function note(uses: Uses, feature: Feature, name: string): void {
  if (!uses.has(feature)) uses.set(feature, name)
}
