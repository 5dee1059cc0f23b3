import type { Tone } from '../../ui/status-badge.tsx'

/** What a call may end with that has words of its own in the language files. */
export const STATUSES = [
  '200',
  '400',
  '401',
  '403',
  '404',
  '408',
  '413',
  '429',
  '499',
  '500',
  '502',
  '503',
  '504',
] as const
export type KnownStatus = (typeof STATUSES)[number]

export const knownStatus = (status: number): KnownStatus | undefined =>
  STATUSES.find((code) => code === String(status))

const FIRST_FAILED = 400
/** The caller left: nobody has to mend it, but perhaps a timeout. */
const CALLER_LEFT = 499
const FIRST_OF_SERVER = 500

/** How a call went. What the caller can mend is no alarm. */
export function toneOf(status: number): Tone {
  if (status < FIRST_FAILED) return 'good'
  if (status === CALLER_LEFT) return 'off'
  return status < FIRST_OF_SERVER ? 'ended' : 'bad'
}
