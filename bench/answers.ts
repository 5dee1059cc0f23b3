/** What the benchmark's provider says, made once: valid OpenAI answers with usage. */

const usage = { prompt_tokens: 40, completion_tokens: 20, total_tokens: 60 }
const shared = { id: 'chatcmpl-bench', created: 1_700_000_000, model: 'bench-0' }

function plainAnswer(bytes: number): Buffer {
  const make = (content: string) =>
    Buffer.from(
      JSON.stringify({
        ...shared,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content },
            finish_reason: 'stop',
            logprobs: null,
          },
        ],
        usage,
      }),
    )
  return make('lorem ipsum '.repeat(bytes).slice(0, bytes - make('').length))
}

export const ANSWER_1K = plainAnswer(1024)
export const ANSWER_100K = plainAnswer(100 * 1024)

const event = (value: unknown) => Buffer.from(`data: ${JSON.stringify(value)}\n\n`)
const piece = (delta: object, finish_reason: string | null) =>
  event({
    ...shared,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
    usage: null,
  })

/** 100 events as a provider sends them: 97 of content, the end, the usage, `[DONE]`. */
export const STREAM_EVENTS: readonly Buffer[] = [
  ...Array.from({ length: 97 }, (_, i) => piece({ content: ` word${i}` }, null)),
  piece({}, 'stop'),
  event({ ...shared, object: 'chat.completion.chunk', choices: [], usage }),
  Buffer.from('data: [DONE]\n\n'),
]

/** 16 KB of text in one event. */
export const LONG_EVENT = piece({ content: 'x'.repeat(16 * 1024) }, null)
