/**
 * What a call costs where caller and channel speak the same dialect: reading its body, bounding its input, and metering its
 * answer, plain and as a stream of 100 events that come one by one. `node bench/dialects.ts`. In microseconds a call, and in
 * relation to chat completions: dialects take turns, and the medians of all rounds count.
 */
import type { Dialect } from '../server/src/dialects/dialect.ts'
import { DIALECTS } from '../server/src/dialects/dialects.ts'
import { quickBound } from '../server/src/prices/input-tokens.ts'
import { EventMeter } from '../server/src/relay/meter/events.ts'
import { PlainMeter } from '../server/src/relay/meter/plain.ts'
import { StreamMeter } from '../server/src/relay/meter/stream.ts'
import { CODECS } from '../server/src/translate/codecs.ts'
import { holdsForeign } from '../server/src/translate/foreign-reasoning.ts'
import type { NeutralAnswer, NeutralEvent } from '../server/src/translate/neutral/answer.ts'
import { NO_USAGE } from '../server/src/usage/usage.ts'

const EVENTS = 100
const TEXT = 'The quick brown fox jumps over the lazy dog, again and again. '
const USAGE = { ...NO_USAGE, prompt: 300, completion: 100 }
const PATH = { model: 'claude-sonnet-4-5', stream: true }
const chat = {
  ...{ ...PATH, max_tokens: 64, stream_options: { include_usage: true } },
  messages: [{ role: 'user', content: TEXT.repeat(15) }],
}
const answer: NeutralAnswer = {
  ...{ id: 'a1', model: 'm', createdAt: 1_700_000_000, usage: USAGE, serviceTier: undefined },
  choices: [
    {
      ...{ index: 0, finish: 'stop', stopSequence: undefined, logprobs: undefined },
      parts: [{ kind: 'text', text: TEXT.repeat(4) }],
    },
  ],
}
const events: readonly NeutralEvent[] = [
  { kind: 'start', id: 'a1', model: 'm', createdAt: 1_700_000_000, usage: USAGE },
  { kind: 'open', choice: 0, part: 0, opens: { kind: 'text', text: '' } },
  ...Array.from(
    { length: EVENTS },
    (): NeutralEvent => ({ kind: 'more', choice: 0, part: 0, text: ' and again' }),
  ),
  { kind: 'close', choice: 0, part: 0 },
  { kind: 'usage', usage: USAGE, serviceTier: undefined },
  { kind: 'finish', choice: 0, finish: 'stop', stopSequence: undefined },
]
const neutral = CODECS.openai.readRequest(chat, PATH)
const context = { request: neutral, requestId: 'req_1', now: 1_700_000_000 }

/** One dialect, with a call and its answers as bytes. */
interface Spoken {
  readonly dialect: Dialect
  readonly body: Buffer
  readonly plain: Buffer
  readonly pieces: readonly Buffer[]
}

const SPOKEN: readonly Spoken[] = (['openai', 'responses', 'anthropic', 'gemini'] as const).map(
  (name) => {
    const codec = CODECS[name]
    const writer = codec.createStreamWriter(context)
    const stream = events.map((event) => writer.write(event)).join('') + writer.end()
    return {
      dialect: DIALECTS[name],
      body: Buffer.from(JSON.stringify(codec.writeRequest(neutral, PATH.model))),
      plain: Buffer.from(JSON.stringify(codec.writeAnswer(answer, context))),
      pieces: stream
        .split('\n\n')
        .filter(Boolean)
        .map((event) => Buffer.from(`${event}\n\n`)),
    }
  },
)

const outlet = { begun: true, write: () => true }
const scrub = (text: string) => text

function asked({ dialect, body }: Spoken) {
  const parsed = dialect.parseCall(body, PATH, [])
  const { name, operation } = dialect
  quickBound({
    ...{ dialect: name, operation, model: parsed.model },
    ...{ bytes: body.length, body: parsed.body() },
  })
  if (holdsForeign(name, parsed.body())) throw new Error('nothing in it is foreign')
}

function answered({ dialect, plain }: Spoken) {
  const meter = new PlainMeter({ begun: false, write: () => true }, dialect)
  meter.chunk(plain)
  if (!meter.end() || meter.reported() === undefined) throw new Error('it was not metered')
}

function streamed({ dialect, pieces }: Spoken) {
  const { readEvent, readUsage, readBeside } = dialect
  const meter =
    readEvent === undefined
      ? new StreamMeter(outlet, { choices: 1, hideUsage: false, readUsage, scrub, readBeside })
      : new EventMeter(outlet, { choices: 1, readEvent, readUsage, scrub })
  for (const piece of pieces) meter.chunk(piece)
  if (meter.reported() === undefined) throw new Error('it was not metered')
}

const PARTS = { asked, answered, streamed } as const
const ROUNDS = 60
const ONE_ROUND_MS = 12

const median = (of: number[]): number => of.sort((a, b) => a - b)[of.length >> 1] as number

/** Microseconds of one run, in a round of about so many milliseconds. */
function timed(run: (spoken: Spoken) => void, spoken: Spoken): number {
  const startedAt = performance.now()
  let runs = 0
  do {
    for (let n = 0; n < 20; n++) run(spoken)
    runs += 20
  } while (performance.now() - startedAt < ONE_ROUND_MS)
  return ((performance.now() - startedAt) * 1000) / runs
}

const rows = Object.entries(PARTS).flatMap(([part, run]) => {
  const times = SPOKEN.map((): number[] => [])
  for (let round = -5; round < ROUNDS; round++) {
    for (const [at, spoken] of SPOKEN.entries()) {
      const took = timed(run, spoken)
      if (round >= 0) times[at]?.push(took)
    }
  }
  const medians = times.map(median)
  return SPOKEN.map(({ dialect }, at) => {
    const us = medians[at] as number
    return {
      part,
      dialect: dialect.name,
      us: us.toFixed(1),
      'of chat': (us / (medians[0] as number)).toFixed(2),
    }
  })
})
console.table(rows)
