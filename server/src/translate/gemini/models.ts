/** The generation that a name tells; names without one (`gemini-flash-latest`) mean the newest. */
export function generationOf(model: string): number {
  const told = /gemini-(\d+)/.exec(model)?.[1]
  return told === undefined ? NEWEST : Number(told)
}
const NEWEST = 3

/** From here on models think by level, sign their function calls and take images as results of functions. */
export const isSigning = (model: string): boolean => generationOf(model) >= 3
