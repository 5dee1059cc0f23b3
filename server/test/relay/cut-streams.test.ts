import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES, type DialectName } from '../../src/dialects/dialect.ts'
import { DIALECTS } from '../../src/dialects/dialects.ts'
import type { AnswerOutlet } from '../../src/relay/forward/outlet.ts'
import { StreamTranslation } from '../../src/relay/forward/translating-outlet.ts'
import { EventMeter } from '../../src/relay/meter/events.ts'
import { StreamMeter } from '../../src/relay/meter/stream.ts'
import { CODECS } from '../../src/translate/codecs.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import type { UpstreamCall } from '../tools/upstream.ts'

/** Whatever pieces a network cuts a provider's stream into, the caller and the books get the same. */

const SPEECH = {
  texts: ['Hé🌍\r\n"data: x"\n\n'],
  thinking: { text: 'Så…', signature: 'c2ln' },
  tool: { id: 'call_1', name: 'weather', input: { say: '"usage":{ø' } },
  usage: { input: 100, output: 20, cached: 10 },
}
const INPUT = {
  model: 'm',
  messages: [{ role: 'user', content: 'Hello' }],
  stream: true,
  stream_options: { include_usage: true },
}
const request = CODECS.openai.readRequest(INPUT, INPUT)

/** What the provider writes, without a socket. */
async function streamOf(provider: DialectName): Promise<string> {
  let text = ''
  const response = {
    writeHead: () => response,
    flushHeaders: () => undefined,
    write: (piece: string) => {
      text += piece
      return true
    },
    end: (piece = '') => {
      text += piece
    },
  }
  const call = { json: INPUT, path: ':streamGenerateContent', accepted: 0 }
  await PROVIDERS[provider].script(SPEECH)(
    call as unknown as UpstreamCall,
    response as unknown as ServerResponse,
  )
  return text
}

/** All that the caller reads, and what is charged by. */
function through(provider: DialectName, caller: DialectName, pieces: readonly Buffer[]) {
  const sent: Buffer[] = []
  const to: AnswerOutlet = {
    ...{ streams: true, status: 200, begun: false },
    ...{ tell: () => undefined, endWith: () => undefined, breakOff: () => undefined },
    write: (bytes) => sent.push(bytes) > 0,
    end: (held) => void sent.push(...held),
  }
  const { readEvent, readUsage } = DIALECTS[provider]
  const context = { request, requestId: 'r', now: 1 }
  const outlet =
    provider === caller
      ? to
      : new StreamTranslation(
          to,
          CODECS[provider].createStreamReader(),
          CODECS[caller].createStreamWriter(context),
        )
  const expected = { choices: 1, readUsage, scrub: (text: string) => text }
  const meter =
    readEvent === undefined
      ? new StreamMeter(outlet, { ...expected, hideUsage: false })
      : new EventMeter(outlet, { ...expected, readEvent })
  for (const piece of pieces) meter.chunk(piece)
  const whole = meter.end()
  outlet.end(meter.held())
  const { complete, finished } = meter
  const usage = meter.reported()
  return { text: Buffer.concat(sent).toString(), usage, whole, complete, finished }
}

for (const provider of DIALECT_NAMES) {
  describe(`a stream of a provider that speaks ${provider}`, async () => {
    const text = await streamOf(provider)
    for (const [breaks, bytes] of [
      ['\\n', Buffer.from(text)],
      ['\\r\\n', Buffer.from(text.replaceAll('\n', '\r\n'))],
    ] as const) {
      // Nobody else sees how lines were broken.
      const callers = breaks === '\\n' ? DIALECT_NAMES : [provider]
      for (const caller of callers) {
        it(`is the same to ${caller}, with ${breaks}, wherever it is cut`, () => {
          const uncut = through(provider, caller, [bytes])
          expect(uncut).toMatchObject({ whole: true, finished: true })
          expect(uncut.usage).toMatchObject({ prompt: 100, completion: 20, cached: 10 })
          for (const word of ['Hé🌍', 'weather', '{ø']) expect(uncut.text).toContain(word)
          // One comparison each, since there are thousands.
          const differs: number[] = []
          for (let cut = 1; cut < bytes.length; cut++) {
            const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
            const now = through(provider, caller, pieces)
            const same = now.text === uncut.text && now.whole && now.usage?.completion === 20
            if (!same) differs.push(cut)
          }
          expect(differs).toEqual([])
          const each = Array.from(bytes, (byte) => Buffer.of(byte))
          expect(through(provider, caller, each)).toEqual(uncut)
        })
      }
    }
  })
}
