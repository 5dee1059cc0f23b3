const MOST_TEXT = 1_000

/** A number that a balance can be charged with; 0 for all others. */
export const whole = (value: number | undefined): number =>
  value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : 0

/** What makes a value storable in a column that is not null, and strict about its type. */
export function mend(value: number | string, numeric: boolean): number | string {
  if (numeric) return typeof value === 'number' ? whole(Math.trunc(value)) : 0
  return typeof value === 'string'
    ? value.slice(0, MOST_TEXT)
    : String(value ?? '').slice(0, MOST_TEXT)
}
