import type { Vault } from './vault.ts'

/**
 * An API key's value as a caller sent it: well formed, without `sk-`. One object serves all requests of a connection
 * that sends the same key again, so the digest, the dearest part of knowing a key, is computed once for them.
 */
export class Credential {
  readonly value: string
  #digest: string | undefined

  constructor(value: string) {
    this.value = value
  }

  /** What the value is looked up by. A process has one vault. */
  digest(vault: Pick<Vault, 'digest'>): string {
    this.#digest ??= vault.digest(this.value)
    return this.#digest
  }
}
