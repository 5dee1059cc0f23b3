import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { asking, readWhole } from './calls.ts'

/** What clients of gateways that are killed saw. */
export interface Seen {
  /** Answers that were complete, and what they said they cost; undefined where their end has no place for it. */
  readonly complete: { readonly requestId: string; readonly cost: number | undefined }[]
  /** How often each other status came; 0 for a connection that broke. */
  readonly others: Map<number, number>
}

/** Each answer that a client saw complete is on the books, once, at its price or with what was left. */
export function expectCharged(
  written: readonly Readonly<Record<string, unknown>>[],
  { complete }: Seen,
  price: number,
): void {
  const charged = new Map(
    written.map(({ request_id: id, quota, shortfall }) => [
      id,
      { quota: Number(quota), shortfall: Number(shortfall) },
    ]),
  )
  expect(charged.size).toBe(written.length)
  const wrong = complete.filter(({ requestId, cost }) => {
    const { quota = Number.NaN, shortfall = Number.NaN } = charged.get(requestId) ?? {}
    return quota + shortfall !== price || (cost !== undefined && quota !== cost)
  })
  expect(wrong).toEqual([])
}

/** What one client does: where, for which model and with which key. */
export interface ClientPlan {
  readonly url: string
  readonly model: string
  readonly key: string
  readonly stream: boolean
}

/** Calls again and again, until it is told to stop. A broken connection is only noted, as a client would retry. */
export async function keepCalling(plan: ClientPlan, seen: Seen, stop: AbortSignal): Promise<void> {
  const { url, model, key, stream } = plan
  const body = JSON.stringify(asking(model, { max_tokens: 20, ...(stream && { stream }) }))
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  while (!stop.aborted) {
    const status = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      .then(readWhole)
      .then(
        (answer) => {
          const { status, text, requestId } = answer
          if (status !== 200) return status
          if (stream && !text.endsWith('data: [DONE]\n\n')) return 0
          const cost = answer.headers.get('x-turnpike-cost')
          seen.complete.push({ requestId, cost: cost === null ? undefined : Number(cost) })
          return 200
        },
        () => 0,
      )
    if (status === 200) continue
    seen.others.set(status, (seen.others.get(status) ?? 0) + 1)
    await pause(20)
  }
}
