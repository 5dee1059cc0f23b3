import type { Figures, Speech } from './dialect-scripts.ts'
import type { Script } from './upstream.ts'
import { answers, streams } from './upstream-scripts.ts'

/** Chat completions, as the other dialects' scripts say theirs. */
export function chatOf(speech: Speech): Script {
  const { texts = ['Hello ', 'there.'], tool } = speech
  const usage = usageOf(speech.usage)
  const call = tool && {
    ...{ id: tool.id, type: 'function' },
    function: { name: tool.name, arguments: JSON.stringify(tool.input) },
  }
  const message = call === undefined ? {} : { content: null, tool_calls: [call] }
  const deltas =
    call === undefined
      ? texts.map((content) => ({ content }))
      : [
          {
            tool_calls: [
              { ...call, index: 0, function: { name: call.function.name, arguments: '' } },
            ],
          },
          { tool_calls: [{ index: 0, function: { arguments: call.function.arguments } }] },
        ]
  const plain = answers({ text: texts.join(''), usage, message })
  Object.assign(deltas[0] ?? {}, { role: 'assistant' })
  return (asked, response) => {
    if (asked.json?.stream !== true) return plain(asked, response)
    const beforeEvent = (index: number) => {
      if (index !== speech.breaksAfter) return undefined
      setTimeout(() => response.destroy(), 30)
      return new Promise(() => undefined)
    }
    const finish = call === undefined ? 'stop' : 'tool_calls'
    return streams({ deltas, finish, usage, beforeEvent })(asked, response)
  }
}

function usageOf(figures: Figures | null | undefined) {
  if (figures === null) return null
  const { input = 10, output = 5, cached } = figures ?? {}
  return { prompt: input, completion: output, ...(cached !== undefined && { cached }) }
}
