/** The numbers of an embedding; `undefined`: it is something else. */
export function vectorIn(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined
  for (const one of value) if (typeof one !== 'number') return undefined
  return value
}
