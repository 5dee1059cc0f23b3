import { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { KeyCache } from '../keys/key-cache.ts'
import type { Settings } from '../settings/settings.ts'
import { examine } from './authenticate.ts'
import { authorise, requireOffer } from './authorise.ts'
import type { RunningCall, RunningCalls } from './running.ts'

/** What was changed, as the store tells it. */
interface Changed {
  readonly kind: string
  readonly subject: string
}

export interface RevokeParts {
  readonly running: RunningCalls
  readonly keys: Pick<KeyCache, 'read'>
  readonly settings: Pick<Settings, 'get'>
  /** The writer of a change is answered when its listeners have followed, hence after the calls were cut. */
  readonly onChange: (listener: (change: Changed) => Promise<void>) => void
  /** Told when changes were missed, and nobody knows which. */
  readonly onBehind: (listener: () => Promise<void>) => void
  readonly now: () => number
}

/** With `revocation.streams = cut`, ends running calls whose key was changed so that it may no longer make them. */
export function cutRevokedCalls(parts: RevokeParts): void {
  parts.onChange(async ({ kind, subject }) => {
    if (kind !== 'key' && kind !== 'account') return
    const id = Number(subject)
    await judgeWhere(parts, (key) => id === (kind === 'key' ? key.id : key.accountId))
  })
  parts.onBehind(() => judgeWhere(parts, () => true))
}

async function judgeWhere(parts: RevokeParts, belongs: (key: ApiKey) => boolean): Promise<void> {
  if (parts.settings.get('revocation.streams') !== 'cut') return
  const keys = new Set(parts.running.of(belongs).map(({ key }) => key.id))
  await Promise.all([...keys].map((key) => judgeCalls(parts, key)))
}

async function judgeCalls({ running, keys, now }: RevokeParts, id: number): Promise<void> {
  const read = await keys.read(id).catch(unread)
  for (const call of running.of((key) => key.id === id)) {
    const refusal = read instanceof Refused ? read : whyNot(read, call, now())
    if (refusal !== undefined) call.cut(refusal)
    else if (read !== undefined && !(read instanceof Refused)) call.key = read
  }
}

/** Revoking must not fail: a call of which nobody can say whether it still may go on ends, too. */
const unread = (): Refused =>
  new Refused('ledger_unavailable', 'the rules of this API key can not be read now')

/** The key is found by its id, not by the value that the call came with: rotation alone ends no call. */
function whyNot(
  key: ApiKey | undefined,
  { call, offer }: RunningCall,
  now: number,
): Refused | undefined {
  if (key === undefined) return new Refused('key_unknown')
  const refusal = examine(key, call, now)
  if (refusal !== undefined) return refusal
  try {
    authorise(key, call)
    requireOffer(key, offer)
    return undefined
  } catch (failure) {
    if (failure instanceof Refused) return failure
    throw failure
  }
}
