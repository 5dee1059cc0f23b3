import { upstreamStatus } from '../../errors.ts'
import { parseLatin1 } from '../meter/json-text.ts'
import type { RefusedAnswer } from './attempt.ts'

/** What providers say when our account with them is at fault, whatever status they say it with. */
const BILLING = new Set([
  'insufficient_quota',
  'billing_not_active',
  'billing_hard_limit_reached',
  'access_terminated',
])
const UNKNOWN_MODEL = new Set(['model_not_found', 'deployment_not_found', 'DeploymentNotFound'])

/** Whether another channel may do better with the same call. */
export function accusesChannel(answer: RefusedAnswer): boolean {
  if (upstreamStatus.accusesChannel(answer.status)) return true
  return says(answer, UNKNOWN_MODEL) || says(answer, BILLING)
}

/** Whether the answer is between us and the provider, and no business of the caller's. */
export function isOursToKnow(answer: RefusedAnswer): boolean {
  return upstreamStatus.isOursToKnow(answer.status) || says(answer, BILLING)
}

/** Whether the key or account that we sent is at fault. */
export function deniesUs(answer: RefusedAnswer): boolean {
  return upstreamStatus.deniesUs(answer.status) || says(answer, BILLING)
}

/** Whether the channel works, but does not have this model. */
export const hasNoSuchModel = (answer: RefusedAnswer): boolean => says(answer, UNKNOWN_MODEL)

function says({ body }: RefusedAnswer, codes: ReadonlySet<string>): boolean {
  if (body === undefined) return false
  const error = (parseLatin1(body.toString('latin1')) as { error?: unknown } | undefined)?.error
  if (typeof error !== 'object' || error === null) return false
  const { code, type } = error as { code?: unknown; type?: unknown }
  return codes.has(String(code)) || codes.has(String(type))
}
