import { createHash } from 'node:crypto'
import { nameOfServiceAccount } from './types/service-account.ts'

/** What sealing and opening need of the vault. */
export interface Sealer {
  seal(value: string, aad: string): string
  open(sealed: string, aad: string): string
}

/** Binds a sealed key to its channel, so that a row copied onto another channel does not open. */
const boundTo = (channelId: number) => `channel:${channelId}`

/** The column `channel.keys`: a JSON array of the provider's keys, each encrypted for this channel. */
export function sealUpstreamKeys(
  vault: Pick<Sealer, 'seal'>,
  channelId: number,
  keys: readonly string[],
): string {
  return JSON.stringify(keys.map((key) => vault.seal(key, boundTo(channelId))))
}

/** Reads the column `channel.keys`. @throws when a key was sealed under another secret or for another channel. */
export function openUpstreamKeys(
  vault: Pick<Sealer, 'open'>,
  channelId: number,
  column: string,
): readonly string[] {
  const sealed: readonly string[] = JSON.parse(column)
  return sealed.map((one) => vault.open(one, boundTo(channelId)))
}

/** Tells the keys of one channel apart, and is far too short to find a key by. */
const MARK_LETTERS = 8

/** What is remembered of the key that an object was made with: other keys may be of other customers of the provider. */
export function upstreamKeyMark(keys: readonly string[], at: number): string {
  const key = keys[at]
  return key === undefined
    ? ''
    : createHash('sha256').update(key).digest('hex').slice(0, MARK_LETTERS)
}

/** The place of the key with this mark; `undefined`: there is nothing to choose, or it was replaced. */
export function placeOfMark(keys: readonly string[], mark: string): number | undefined {
  if (keys.length < 2) return undefined
  const at = keys.findIndex((_, place) => upstreamKeyMark(keys, place) === mark)
  return at < 0 ? undefined : at
}

/** How a provider's key is shown: a service account by its name, others by their ends when these give nothing away. */
export function maskUpstreamKey(key: string): string {
  const name = nameOfServiceAccount(key)
  if (name !== undefined) return name
  return key.length < 16 ? '**********' : `${key.slice(0, 4)}**********${key.slice(-4)}`
}
