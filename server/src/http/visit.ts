import type { ServerResponse } from 'node:http'
import type { Client } from '../relay/values.ts'

/** The caller's end of a model request. */
export class Visit implements Client {
  readonly response: ServerResponse
  readonly headers: readonly string[]
  left = false
  #listener: (() => void) | undefined

  /** `ended` is called when the answer is over, whole or not: one listener serves both. */
  constructor(response: ServerResponse, headers: readonly string[], ended: () => void) {
    this.response = response
    this.headers = headers
    response.on('close', () => {
      // An answer that was sent whole closes too.
      if (!response.writableFinished) {
        this.left = true
        this.#listener?.()
      }
      ended()
    })
  }

  onLeave(listener: () => void) {
    this.#listener = listener
  }
}
