import type { Standings } from '../rates/admission.ts'
import type { Standing } from '../rates/tally.ts'

/** How the limits of a call stand, as OpenAI says it. Names and values in turn; empty without limits. */
export function rateHeaders({ requests, tokens }: Standings): readonly string[] {
  if (requests === undefined && tokens === undefined) return NONE
  const headers: string[] = []
  if (requests !== undefined) addStanding(headers, 'requests', requests)
  if (tokens !== undefined) addStanding(headers, 'tokens', tokens)
  return headers
}

const NONE: readonly string[] = []

function addStanding(headers: string[], of: string, { most, left, resetMs }: Standing): void {
  headers.push(`x-ratelimit-limit-${of}`, String(most))
  headers.push(`x-ratelimit-remaining-${of}`, String(left))
  headers.push(`x-ratelimit-reset-${of}`, duration(resetMs))
}

/** `20ms`, `1s`, `6.25s`, `1m0s`. */
function duration(milliseconds: number): string {
  const whole = Math.ceil(milliseconds)
  if (whole > 0 && whole < 1000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = (whole % 60_000) / 1000
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
