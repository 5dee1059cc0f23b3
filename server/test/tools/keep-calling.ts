import { setTimeout as pause } from 'node:timers/promises'
import type { Answered } from './calls.ts'

/** What one client does: with whose key, and how. */
export interface ClientPlan {
  readonly payer: string
  readonly stream: boolean
  readonly send: () => Promise<Answered>
}

/** One call, as its client saw it. */
export interface SeenCall {
  /** Whose key it was made with. */
  readonly payer: string
  readonly stream: boolean
  /** 0: there was no connection, or it broke. */
  readonly status: number
  /** What an error said, also one within a stream; how a connection broke. Empty: the answer is complete. */
  readonly code: string
  /** Empty where the connection broke. */
  readonly requestId: string
  /** What the answer said it cost; undefined where its end has no place for it. */
  readonly cost: number | undefined
  /** When it was made, and over. */
  readonly from: number
  readonly to: number
}

type Ending = Pick<SeenCall, 'status' | 'code' | 'requestId' | 'cost'>

/** Nobody listened: such a call has reached no gateway. */
const REFUSED = 'ECONNREFUSED'
const BROKEN = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']
/** What clients of gateways that die may see besides answers. */
export const brokenOf = (payer: string): readonly string[] =>
  [REFUSED, ...BROKEN].map((code) => `${payer} 0 ${code}`)

const FAILED_MS = 100
const COMPLETE = '"finish_reason":"stop"'
const DONE = 'data: [DONE]\n\n'

/**
 * For how many seconds there are bad days: in CI as short as they still show something, and as long as whoever asks for more
 * says.
 */
export const badSeconds = (usual: number): number =>
  Number(process.env.TURNPIKE_CRASH_SECONDS ?? usual)

export const isComplete = ({ code }: SeenCall): boolean => code === ''
/** It may have reached a gateway, which may have served and charged it. */
export const isBroken = ({ status, code }: SeenCall): boolean => status === 0 && code !== REFUSED
/** The client heard that it failed. */
export const isToldToFail = ({ status, code }: SeenCall): boolean => status !== 0 && code !== ''

/** How often each payer heard what: `rich 200`, `poor 403 quota_exhausted`, `rich 0 ECONNREFUSED`. */
export function tally(seen: readonly SeenCall[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { payer, status, code } of seen) {
    const heard = `${payer} ${status} ${code}`.trimEnd()
    counts[heard] = (counts[heard] ?? 0) + 1
  }
  return counts
}

/** Calls once and notes what became of it. */
export async function callAndNote(plan: ClientPlan, seen: SeenCall[]): Promise<SeenCall> {
  const { payer, stream } = plan
  const from = performance.now()
  const ending = await plan.send().then(
    (answer) => endingOf(answer, stream),
    (failure: unknown) => ({ status: 0, code: codeOf(failure), requestId: '', cost: undefined }),
  )
  const call = { payer, stream, ...ending, from, to: performance.now() }
  seen.push(call)
  return call
}

/** Calls again and again, until it is told to stop. What fails is only noted, as a client would retry. */
export async function keepCalling(
  plan: ClientPlan,
  seen: SeenCall[],
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    if (!isComplete(await callAndNote(plan, seen))) await pause(FAILED_MS)
  }
}

function endingOf({ status, text, json, headers, requestId }: Answered, stream: boolean): Ending {
  const cost = headers.get('x-turnpike-cost')
  const told = { status, requestId, cost: cost === null ? undefined : Number(cost) }
  if (status !== 200) return { ...told, code: String(json?.error?.code) }
  return { ...told, code: stream && !text.endsWith(DONE) ? codeIn(text) : '' }
}

/** How a stream that ended in order said that it failed. */
function codeIn(text: string): string {
  const last = text.trimEnd().split('\n\n').at(-1) ?? ''
  const said = /^data: (\{"error":.*\})$/s.exec(last)?.[1]
  if (said === undefined) return 'ended without a word'
  if (text.includes(COMPLETE)) return 'complete, and yet failed'
  return String(JSON.parse(said).error.code)
}

/** Node's own word for it, which is in what `fetch` names as the cause. */
function codeOf(failure: unknown): string {
  for (let at = failure; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return String(failure)
}
