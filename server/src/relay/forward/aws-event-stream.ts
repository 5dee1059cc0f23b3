import type { EventStreamCodec } from '@smithy/core/event-streams'
import type { AnswerSink } from './answer.ts'
import type { Failure } from './failure.ts'
import { headerOf } from './headers.ts'

/** How Amazon frames streams: each message with its length, headers and checksums. */
const FRAMED = 'application/vnd.amazon.eventstream'
/** Amazon's own limit. */
const LONGEST_FRAME = 24 * 1024 * 1024
/** The shortest: two lengths and two checksums. */
const SHORTEST_FRAME = 16

let codec: EventStreamCodec | undefined

/** Loads what reads such streams, before the first of them is asked for; who has none does not pay for it. */
export function framesReadable(): Promise<void> | undefined {
  if (codec !== undefined) return undefined
  return import('@smithy/core/event-streams').then(({ EventStreamCodec: Codec }) => {
    codec = new Codec(
      (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
      (text) => Buffer.from(text),
    )
  })
}

/**
 * Hears an answer of Bedrock and passes on, as events of Anthropic's own stream, what comes in Amazon's frames. Other answers
 * pass as they are.
 */
export class UnframedSink implements AnswerSink {
  readonly #to: AnswerSink
  readonly #abort: () => void
  #isFramed = false
  #over = false
  #rest: Buffer = EMPTY

  constructor(to: AnswerSink, abort: () => void) {
    this.#to = to
    this.#abort = abort
  }

  head(status: number, headers: readonly string[]) {
    this.#isFramed = headerOf(headers, 'content-type')?.startsWith(FRAMED) === true
    this.#to.head(status, this.#isFramed ? asEventStream(headers) : headers)
  }

  chunk(bytes: Buffer) {
    if (!this.#isFramed) return this.#to.chunk(bytes)
    if (this.#over) return
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let text = ''
    let from = 0
    try {
      for (;;) {
        const end = frameEnd(this.#rest, from)
        if (end === undefined) break
        text += eventOf(this.#rest.subarray(from, end))
        from = end
      }
    } catch {
      return this.#broken(text)
    }
    this.#rest = this.#rest.subarray(from)
    if (text !== '') this.#to.chunk(Buffer.from(text))
  }

  end() {
    if (this.#over) return
    if (this.#rest.length > 0)
      this.failed({ kind: 'broke_off', detail: 'the stream ends within a frame' })
    else this.#to.end()
  }

  failed(failure: Failure) {
    if (this.#over) return
    this.#over = true
    this.#to.failed(failure)
  }

  /** What came before is passed on; nothing behind it can be read. */
  #broken(text: string) {
    if (text !== '') this.#to.chunk(Buffer.from(text))
    this.failed({ kind: 'not_http', detail: 'what came is no event stream of Amazon' })
    this.#abort()
  }
}

const EMPTY = Buffer.alloc(0)

function asEventStream(headers: readonly string[]): readonly string[] {
  return headers.map((value, at) =>
    at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'content-type' ? 'text/event-stream' : value,
  )
}

/** Where the frame ends that begins there; `undefined`: not all of it has come. */
function frameEnd(bytes: Buffer, from: number): number | undefined {
  if (bytes.length - from < 4) return undefined
  const length = bytes.readUInt32BE(from)
  if (length < SHORTEST_FRAME || length > LONGEST_FRAME) throw new RangeError('no frame')
  return from + length <= bytes.length ? from + length : undefined
}

/** One frame as an event of Anthropic's; `''`: it says nothing. @throws for what is no frame. */
function eventOf(frame: Buffer): string {
  const { headers, body } = (codec as EventStreamCodec).decode(frame)
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  const exception = headers[':exception-type']?.value ?? headers[':error-code']?.value
  if (exception !== undefined) return errorEvent(String(exception), text)
  if (headers[':event-type']?.value !== 'chunk') return ''
  const { bytes } = JSON.parse(text) as { readonly bytes?: unknown }
  const said = Buffer.from(String(bytes), 'base64').toString('utf8')
  const event = JSON.parse(said) as { readonly type?: unknown }
  const line = said.includes('\n') ? JSON.stringify(event) : said
  return `event: ${String(event.type)}\ndata: ${line}\n\n`
}

/** What Amazon's exceptions are called by Anthropic. */
const ERROR_TYPES: ReadonlyMap<string, string> = new Map([
  ['throttlingException', 'rate_limit_error'],
  ['validationException', 'invalid_request_error'],
  ['modelTimeoutException', 'timeout_error'],
  ['serviceUnavailableException', 'overloaded_error'],
])

function errorEvent(exception: string, text: string): string {
  const { message } = JSON.parse(text || '{}') as { readonly message?: unknown }
  const type = ERROR_TYPES.get(exception) ?? 'api_error'
  const error = { type, message: typeof message === 'string' ? message : exception }
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`
}
