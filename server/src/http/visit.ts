import type { ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import type { Client, Upgrade } from '../relay/values.ts'
import { acceptHandshake, answering, type Handshake } from './upgrade.ts'

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

/** The caller's end of a request for a WebSocket: answered over HTTP until it is accepted. */
export class UpgradeVisit implements Client, Upgrade {
  readonly response: ServerResponse
  readonly headers: readonly string[]
  left = false
  #listener: (() => void) | undefined
  readonly #handshake: Handshake
  readonly #mostBytes: () => number

  constructor(handshake: Handshake, headers: readonly string[], mostBytes: () => number) {
    this.#handshake = handshake
    this.#mostBytes = mostBytes
    this.headers = headers
    this.response = answering(handshake)
    handshake.socket.on('close', () => {
      this.left = true
      this.#listener?.()
    })
  }

  onLeave(listener: () => void) {
    this.#listener = listener
  }

  accept(headers: readonly string[]): WebSocket | undefined {
    const { response } = this
    response.detachSocket(this.#handshake.socket)
    const accepted = acceptHandshake(this.#handshake, headers, this.#mostBytes())
    if (accepted !== undefined) response.statusCode = SWITCHED
    return accepted
  }
}

const SWITCHED = 101
