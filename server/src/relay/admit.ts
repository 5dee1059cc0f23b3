import { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { type Admission, type Standings, UNLIMITED } from '../rates/admission.ts'
import { exceededOf, exceededText, retryAfterOf } from '../rates/denial-text.ts'
import type { Judged, Rates } from '../rates/rates.ts'
import type { Denial } from '../rates/tally.ts'
import { rateHeaders } from './rate-headers.ts'
import { quickly } from './reserve.ts'
import type { RunningCalls } from './running.ts'
import type { Admitted, Candidates, ModelCall } from './values.ts'

export interface AdmitParts {
  readonly rates: Pick<Rates, 'admit' | 'standings'>
  readonly running: RunningCalls
}

/** What a call without an output limit is expected to write, as when units are reserved (contract 3.4). */
const USUAL_OUTPUT = 1_024
/** Bytes of a body that make a token, by and large: what OpenAI reckons with, too. */
const TOKEN_BYTES = 4

/** Contract 3.1, check 11: the rate limits of key and account. From here on the call is running, until `leave`. */
export function createAdmit({ rates, running }: AdmitParts) {
  return function admit(candidates: Candidates): Admitted | Promise<Admitted> {
    const begin = (admission: Admission): Admitted => ({
      ...candidates,
      admission,
      running: running.begin(candidates),
    })
    const { limits } = candidates.key
    if (limits === undefined) return begin(UNLIMITED)
    const tokens = limits.some(({ tpm }) => tpm !== undefined) ? expectedTokens(candidates.call) : 0
    const proven = (judged: Judged): Admitted => {
      if ('leave' in judged) return begin(judged)
      throw denied(judged, tokens, rates.standings(limits))
    }
    const judged = rates.admit(limits, tokens)
    return judged instanceof Promise ? judged.then(proven) : proven(judged)
  }
}

/** The end of a running call, however it came. */
export function createLeave({ running }: AdmitParts) {
  return function leave(admitted: Admitted): void {
    running.end(admitted.running)
    admitted.admission.leave()
  }
}

/** The same for what costs nothing. */
export async function admitUncharged(
  rates: AdmitParts['rates'],
  { limits }: ApiKey,
): Promise<Admission> {
  if (limits === undefined) return UNLIMITED
  const judged = await rates.admit(limits, 0)
  if ('leave' in judged) return judged
  throw denied(judged, 0, rates.standings(limits))
}

const denied = (denial: Denial, tokens: number, standings: Standings): Refused =>
  new Refused('rate_limited', exceededText(exceededOf(denial), tokens), {
    retryAfter: retryAfterOf(denial),
    headers: rateHeaders(standings),
  })

/** A guess at the input and the most of the output; what was really used takes its place when the call has ended. */
function expectedTokens(call: ModelCall): number {
  const { parsed } = call
  const { media, choices } = parsed
  if (media !== undefined) {
    const { textBytes, attached, output } = media
    return Math.ceil(textBytes / TOKEN_BYTES) + attached.fair + output.fair * choices
  }
  const input = Math.ceil(quickly(call, parsed.model).prompt / TOKEN_BYTES)
  return input + (parsed.outputLimit ?? USUAL_OUTPUT) * choices
}
