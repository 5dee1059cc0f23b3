import type { ConditionalPrice, ModelInfo } from '@pydantic/genai-prices'

const DAY_MS = 86_400_000
const NEVER = Number.POSITIVE_INFINITY

/** When the price of a model changes next, in milliseconds; Infinity: it does not. */
export function nextChange({ prices }: Pick<ModelInfo, 'prices'>, nowMs: number): number {
  if (!Array.isArray(prices)) return NEVER
  return Math.min(NEVER, ...prices.flatMap((one) => changesOf(one, nowMs)))
}

function changesOf({ constraint }: ConditionalPrice, nowMs: number): readonly number[] {
  if (constraint === undefined) return []
  if (constraint.type === 'start_date') {
    const start = Date.parse(constraint.start_date)
    return start > nowMs ? [start] : []
  }
  return [constraint.start_time, constraint.end_time].map((time) => nextTime(time, nowMs))
}

/** The next moment at which clocks say so, such as `16:30:00Z`. */
function nextTime(time: string, nowMs: number): number {
  const ofDay = (((Date.parse(`1970-01-01T${time}`) - nowMs) % DAY_MS) + DAY_MS) % DAY_MS
  return nowMs + (ofDay === 0 ? DAY_MS : ofDay)
}
