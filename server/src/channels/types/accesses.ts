import type { Dispatcher } from 'undici'
import type { Access, Entrance } from './access.ts'
import { createGoogleTokens } from './google-tokens.ts'
import { type ChannelType, TYPE_RULES } from './types.ts'

/** How the requests of a channel are let in; `undefined`: by the key as it is, as a bearer. Asked when one changes. */
export type AccessTo = (type: ChannelType, to: Entrance) => Access | undefined

/** Builds ways of access, which share their tokens. */
export function createAccessTo(parts: { dispatcher: Dispatcher; now: () => number }): AccessTo {
  const shared = { tokens: createGoogleTokens(parts), now: parts.now }
  return (type, to) => TYPE_RULES[type].accessTo?.(to, shared)
}
