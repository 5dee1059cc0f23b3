import { createHash } from 'node:crypto'
import { statusOf } from '../errors.ts'
import {
  answerTo,
  readQuestion,
  type SimulatorAnswer,
  type SimulatorQuestion,
  usageOf,
} from './simulator-text.ts'

/** The ear of whoever asks: what relay/forward/answer.ts calls `AnswerSink`, as far as the simulator speaks. */
export interface SimulatorSink {
  head(status: number, headers: readonly string[]): void
  chunk(bytes: Buffer): void
  end(): void
}

/** Between the pieces of a stream, so that it is seen to stream. */
const GAP_MS = 8

/** One thing to tell the sink. */
type Step = (sink: SimulatorSink) => void

/**
 * Answers chat completions inside the process, so that a newcomer can call something before there is a provider. Fits
 * the relay's seam to upstreams: the relay meters and charges it like any other.
 */
export function createSimulator(parts: { now: () => number }) {
  return (_to: unknown, request: { body: object | undefined }, sink: SimulatorSink) => {
    // It answers chats alone, and those are no forms.
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const question = readQuestion(body)
    if ('misasked' in question) return play(refusal(question.misasked, question.param), sink)
    const frame: Frame = {
      id: `chatcmpl-simulator-${createHash('sha256').update(body).digest('hex').slice(0, 24)}`,
      created: Math.floor(parts.now() / 1000),
      model: question.model,
      system_fingerprint: 'turnpike-simulator',
    }
    const answer = answerTo(question)
    const steps = question.stream
      ? streamed(frame, question, answer)
      : plain({
          ...frame,
          object: 'chat.completion',
          choices: eachChoice(question, (index) => ({
            index,
            message: { role: 'assistant', content: answer.pieces.join(''), refusal: null },
            logprobs: null,
            finish_reason: answer.finish,
          })),
          usage: usageOf(question, answer),
        })
    return play(steps, sink)
  }
}

interface Frame {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
}

function eachChoice<T>(question: SimulatorQuestion, make: (index: number) => T): readonly T[] {
  return Array.from({ length: question.choices }, (_, index) => make(index))
}

const JSON_HEADERS = ['content-type', 'application/json']

const plain = (body: object, status = 200): readonly Step[] => [
  (sink) => sink.head(status, JSON_HEADERS),
  (sink) => sink.chunk(Buffer.from(JSON.stringify(body))),
]

const refusal = (message: string, param: string): readonly Step[] =>
  plain(
    { error: { message, type: 'invalid_request_error', param, code: null } },
    statusOf('invalid_request'),
  )

/** A stream: one event a piece, the completion signal, usage when asked for, the end mark. */
function streamed(
  frame: Frame,
  question: SimulatorQuestion,
  answer: SimulatorAnswer,
): readonly Step[] {
  const event = (more: object): Step => {
    const chunk = { ...frame, object: 'chat.completion.chunk', ...more }
    return (sink) => sink.chunk(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))
  }
  const noUsage = question.includeUsage ? { usage: null } : {}
  const delta = (content: object, finish: string | null) =>
    eachChoice(question, (index) =>
      event({
        choices: [{ index, delta: content, logprobs: null, finish_reason: finish }],
        ...noUsage,
      }),
    )
  return [
    (sink) => sink.head(200, ['content-type', 'text/event-stream', 'cache-control', 'no-cache']),
    ...delta({ role: 'assistant', content: '', refusal: null }, null),
    ...answer.pieces.flatMap((content) => delta({ content }, null)),
    ...delta({}, answer.finish),
    ...(question.includeUsage ? [event({ choices: [], usage: usageOf(question, answer) })] : []),
    (sink) => sink.chunk(Buffer.from('data: [DONE]\n\n')),
  ]
}

/** Tells the steps one after the other, beginning when the caller has got hold of the exchange. */
function play(steps: readonly Step[], sink: SimulatorSink) {
  let at = 0
  let waiting: NodeJS.Timeout | undefined
  let paused = false
  const isStream = steps.length > 2

  function next() {
    waiting = undefined
    if (paused) return
    const step = steps[at]
    at += 1
    if (step === undefined) return sink.end()
    step(sink)
    schedule()
  }
  // After a plain answer, and after the last event, there is nothing to wait for.
  function schedule() {
    if (at <= steps.length) waiting ??= setTimeout(next, isStream && at > 1 ? GAP_MS : 0)
  }
  schedule()
  return {
    pause() {
      paused = true
    },
    resume() {
      paused = false
      schedule()
    },
    abort() {
      clearTimeout(waiting)
      at = steps.length + 1
    },
  }
}
