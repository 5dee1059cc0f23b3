import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { Refused } from '../errors.ts'
import type { Deadlines, Watched } from '../relay/forward/deadlines.ts'
import type { Body } from '../relay/values.ts'
import type { ArrivingUpload } from '../uploads/uploads.ts'

export interface BodyLimits {
  readonly bytes: number
  /** How long a caller may pause within its body. */
  readonly idleMs: number
  readonly deadlines: Deadlines
  /** Where a form goes that is long, and may have files. Absent: whatever comes stays in memory. */
  readonly beginUpload?: BeginUpload | undefined
}

/** Called once, when the form has proved to be long. */
export type BeginUpload = (heard: {
  /** More can be taken. */
  free(): void
  failed(error: unknown): void
}) => ArrivingUpload

/** A form of so many bytes is long. */
const LONG_FORM = 256 * 1024
/** From so many bytes on, a body of known length is written to its place while it comes, and never exists twice. */
const LONG = 1024 * 1024

/** Whoever goes away in the middle of its body has nobody left to be answered. */
export class BodyBrokenOff extends Error {
  override readonly name = 'BodyBrokenOff'
}

/**
 * Reads a whole request body, unpacked. Tells a caller that waits for it (`Expect: 100-continue`) to send it. What it began
 * to upload is released by whoever brought `beginUpload`.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits,
): Promise<Body> {
  return new Promise((resolve, reject) => {
    const unpack = unpackerFor(request.headers['content-encoding'])
    if (unpack === 'unknown') {
      const sent = String(request.headers['content-encoding']).slice(0, 40)
      const told = `content-encoding ${JSON.stringify(sent)} is not known: use gzip, deflate, br or zstd`
      return reject(new Refused('invalid_request', told))
    }
    if (Number(request.headers['content-length'] ?? 0) > limits.bytes) {
      return reject(new Refused('body_too_large', tooLarge(limits.bytes)))
    }
    if (request.headers.expect !== undefined) response.writeContinue()
    const fail = (error: Error) => {
      // Whoever may still send the rest is not waited for.
      if (error instanceof Refused && error.code === 'request_timeout') {
        response.setHeader('Connection', 'close')
      }
      reject(error)
    }
    new BodyReading(request, limits, resolve, fail).start(unpack?.())
  })
}

const tooLarge = (bytes: number) => `the request body is larger than ${bytes} bytes`

class BodyReading implements Watched {
  before: Watched | undefined
  after: Watched | undefined
  readonly #request: IncomingMessage
  readonly #limits: BodyLimits
  readonly #resolve: (body: Body) => void
  readonly #reject: (error: Error) => void
  #chunks: Buffer[] = []
  /** The place of a long body. */
  #whole: Buffer | undefined
  #bytes = 0
  #over = false
  #movedAt: number
  #unpacked: Transform | undefined
  #upload: ArrivingUpload | undefined

  constructor(
    request: IncomingMessage,
    limits: BodyLimits,
    resolve: (body: Body) => void,
    reject: (error: Error) => void,
  ) {
    this.#request = request
    this.#limits = limits
    this.#resolve = resolve
    this.#reject = reject
    this.#movedAt = limits.deadlines.now
  }

  start(unpacked: Transform | undefined) {
    this.#unpacked = unpacked
    const request = this.#request
    const source = unpacked ?? request
    source.on('data', (chunk: Buffer) => this.#chunk(chunk))
    source.on('end', () => this.#end())
    if (unpacked !== undefined) {
      unpacked.on('error', () =>
        this.#fail(
          new Refused('invalid_request', 'the body is not packed as content-encoding says'),
        ),
      )
      request.pipe(unpacked)
    }
    request.on('error', () => this.#fail(new BodyBrokenOff()))
    this.#limits.deadlines.watch(this)
  }

  tick(now: number) {
    // Whoever is held back does not pause.
    if (this.#source.isPaused()) this.#movedAt = now
    if (now - this.#movedAt <= this.#limits.idleMs) return
    this.#fail(new Refused('request_timeout'))
  }

  #chunk(chunk: Buffer) {
    if (this.#over) return
    this.#movedAt = this.#limits.deadlines.now
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.bytes) {
      return this.#fail(new Refused('body_too_large', tooLarge(this.#limits.bytes)))
    }
    if (this.#upload !== undefined) return this.#pass(this.#upload, chunk)
    if (this.#whole !== undefined) chunk.copy(this.#whole, this.#bytes - chunk.length)
    else this.#chunks.push(chunk)
    if (this.#bytes < LONG_FORM) return
    const { beginUpload } = this.#limits
    if (beginUpload !== undefined) this.#beginUpload(beginUpload)
    else if (this.#bytes >= LONG && this.#whole === undefined) this.#makeRoom()
  }

  get #source() {
    return this.#unpacked ?? this.#request
  }

  #beginUpload(begin: BeginUpload) {
    const upload = begin({
      free: () => {
        if (!this.#over) this.#source.resume()
      },
      failed: (error) => this.#fail(error as Error),
    })
    this.#upload = upload
    const chunks = this.#chunks
    this.#chunks = []
    for (const chunk of chunks) this.#pass(upload, chunk)
  }

  #pass(upload: ArrivingUpload, chunk: Buffer) {
    if (this.#over) return
    try {
      if (!upload.add(chunk)) this.#source.pause()
    } catch (failure) {
      this.#fail(failure as Error)
    }
  }

  /** Only for who has sent so much: what callers announce alone costs no memory. */
  #makeRoom() {
    const { headers } = this.#request
    const length = Number(headers['content-length'] ?? 0)
    if (this.#unpacked !== undefined || headers['transfer-encoding'] !== undefined) return
    if (length < this.#bytes) return
    this.#whole = Buffer.allocUnsafeSlow(length)
    let at = 0
    for (const chunk of this.#chunks) at += chunk.copy(this.#whole, at)
    this.#chunks = []
  }

  #end() {
    if (this.#over) return
    const whole = this.#whole
    const upload = this.#upload
    const chunks = this.#stop()
    if (upload !== undefined) {
      upload.end().then(this.#resolve, this.#reject)
      return
    }
    // What nobody wrote to is nobody's to read.
    if (whole !== undefined) return this.#resolve(whole.subarray(0, this.#bytes))
    this.#resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, this.#bytes))
  }

  #fail(error: Error) {
    if (this.#over) return
    this.#stop()
    this.#request.unpipe()
    // A few packed bytes can be many gigabytes: whatever is refused is not unpacked any further.
    this.#unpacked?.destroy()
    this.#request.resume()
    this.#reject(error)
  }

  #stop(): Buffer[] {
    this.#over = true
    this.#limits.deadlines.unwatch(this)
    const chunks = this.#chunks
    this.#chunks = []
    this.#whole = undefined
    this.#upload = undefined
    return chunks
  }
}

function unpackerFor(encoding: string | undefined): (() => Transform) | 'unknown' | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip
    case 'deflate':
      return createInflate
    case 'br':
      return createBrotliDecompress
    case 'zstd':
      return createZstdDecompress
    default:
      return 'unknown'
  }
}
