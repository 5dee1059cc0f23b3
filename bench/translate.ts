/**
 * What translating costs, for each pair of dialects: one call of about 1 KB there and its answer back, and one streamed
 * event. `node bench/translate.ts`. Goals: 60 us a call, 3 us an event. Medians of repetitions, in this process alone.
 */
import type { DialectName } from '../server/src/dialects/dialect.ts'
import { CODECS } from '../server/src/translate/codecs.ts'
import type { NeutralAnswer, NeutralEvent } from '../server/src/translate/neutral/answer.ts'
import type { JsonObject } from '../server/src/translate/neutral/request.ts'
import { NO_USAGE } from '../server/src/usage/usage.ts'
import { tellGoal } from './goals.ts'

const CALL_GOAL_US = 60
const EVENT_GOAL_US = 3
const NAMES = Object.keys(CODECS) as DialectName[]
const TEXT = 'The quick brown fox jumps over the lazy dog, again and again. '
const USAGE = { ...NO_USAGE, prompt: 300, completion: 100 }
const ASKED = { model: 'claude-sonnet-4-5', stream: true }

/** About 1 KB, as a chat with a tool has it. */
const chat: JsonObject = {
  ...ASKED,
  max_tokens: 1_000,
  messages: [
    { role: 'system', content: TEXT },
    { role: 'user', content: TEXT.repeat(3) },
    { role: 'assistant', content: TEXT.repeat(2) },
    { role: 'user', content: TEXT.repeat(3) },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'weather',
        description: TEXT,
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
      },
    },
  ],
}
const answer: NeutralAnswer = {
  ...{ id: 'a1', model: 'm', createdAt: 1_700_000_000, usage: USAGE, serviceTier: undefined },
  choices: [
    {
      ...{ index: 0, finish: 'stop', stopSequence: undefined, logprobs: undefined },
      parts: [{ kind: 'text', text: TEXT.repeat(8) }],
    },
  ],
}
const EVENTS = 200
const events: readonly NeutralEvent[] = [
  { kind: 'start', id: 'a1', model: 'm', createdAt: 1_700_000_000, usage: USAGE },
  { kind: 'open', choice: 0, part: 0, opens: { kind: 'text', text: '' } },
  ...Array.from(
    { length: EVENTS },
    (): NeutralEvent => ({
      ...{ kind: 'more', choice: 0, part: 0, text: ' and again' },
    }),
  ),
  { kind: 'close', choice: 0, part: 0 },
  { kind: 'usage', usage: USAGE, serviceTier: undefined },
  { kind: 'finish', choice: 0, finish: 'stop', stopSequence: undefined },
]

const neutral = CODECS.openai.readRequest(chat, ASKED)
const context = { request: neutral, requestId: 'req_1', now: 1_700_000_000 }

/** The texts in each dialect, made once: a pair reads the one and writes the other. */
const said = Object.fromEntries(
  NAMES.map((name) => {
    const codec = CODECS[name]
    const request = JSON.stringify(codec.writeRequest(neutral, ASKED.model))
    const plain = JSON.stringify(codec.writeAnswer(answer, context))
    const writer = codec.createStreamWriter(context)
    const stream = events.map((event) => writer.write(event)).join('') + writer.end()
    return [name, { request, plain, stream: stream.split('\n\n').filter(Boolean).map(split) }]
  }),
) as Record<DialectName, { request: string; plain: string; stream: (readonly [string, string])[] }>

function split(event: string): readonly [name: string, text: string] {
  const lines = event.split('\n')
  const line = (begin: string) => lines.find((one) => one.startsWith(begin))?.slice(begin.length)
  return [line('event: ') ?? '', line('data: ') ?? '']
}

function callOnce(caller: DialectName, provider: DialectName): void {
  const request = CODECS[caller].readRequest(JSON.parse(said[caller].request), ASKED)
  JSON.stringify(CODECS[provider].writeRequest(request, ASKED.model))
  const read = CODECS[provider].readAnswer(JSON.parse(said[provider].plain))
  if (read === undefined) throw new Error(`${provider} does not read its own answer`)
  JSON.stringify(CODECS[caller].writeAnswer(read, { ...context, request }))
}

function streamOnce(caller: DialectName, provider: DialectName): number {
  const reader = CODECS[provider].createStreamReader()
  const writer = CODECS[caller].createStreamWriter(context)
  let length = 0
  for (const [name, text] of said[provider].stream) {
    for (const event of reader.read(name, text)) length += writer.write(event).length
  }
  for (const event of reader.end()) length += writer.write(event).length
  return length + writer.end().length
}

/** Microseconds of one run: the median of repetitions, after a warm-up. */
function medianUs(run: () => void, runs: number): number {
  for (let i = 0; i < runs; i++) run()
  const times: number[] = []
  for (let repetition = 0; repetition < 9; repetition++) {
    const begin = process.hrtime.bigint()
    for (let i = 0; i < runs; i++) run()
    times.push(Number(process.hrtime.bigint() - begin) / 1_000 / runs)
  }
  return times.sort((a, b) => a - b)[4] as number
}

let missed = 0
for (const caller of NAMES) {
  for (const provider of NAMES.filter((name) => name !== caller)) {
    const call = medianUs(() => callOnce(caller, provider), 1_000)
    const event = medianUs(() => streamOnce(caller, provider), 20) / EVENTS
    const met = call <= CALL_GOAL_US && event <= EVENT_GOAL_US
    if (!met) missed++
    tellGoal({
      what: `${caller} to ${provider}`,
      measured: `${call.toFixed(1)} us a call, ${event.toFixed(2)} us an event`,
      goal: `at most ${CALL_GOAL_US} us, ${EVENT_GOAL_US} us`,
      met,
    })
    console.log(
      `${caller} to ${provider}: ${call.toFixed(1)} us a call (goal ${CALL_GOAL_US}), ${event.toFixed(2)} us an event (goal ${EVENT_GOAL_US})`,
    )
  }
}
if (missed > 0) process.exitCode = 1
