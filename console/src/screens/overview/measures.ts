/** What use is told apart by. */
export const GROUPINGS = ['model', 'key', 'group'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** What a chart counts. */
export const MEASURES = ['spend', 'requests', 'tokens', 'failed'] as const
export type Measure = (typeof MEASURES)[number]

interface Sums {
  readonly quota: number
  readonly requests: number
  readonly failed: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

/** A measure of a point of the API; spend in units. */
export function measured(sums: Sums, measure: Measure): number {
  switch (measure) {
    case 'spend':
      return sums.quota
    case 'tokens':
      return sums.prompt_tokens + sums.completion_tokens
    default:
      return sums[measure]
  }
}
