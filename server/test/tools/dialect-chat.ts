import { type Figures, type Speech, type SpokenTool, toolsOf } from './dialect-scripts.ts'
import type { Script } from './upstream.ts'
import { answers, streams } from './upstream-scripts.ts'

/** Chat completions, as the other dialects' scripts say theirs. */
export function chatOf(speech: Speech): Script {
  const called = toolsOf(speech)
  const texts = speech.texts ?? (called.length === 0 ? ['Hello ', 'there.'] : [])
  const usage = usageOf(speech.usage)
  const reasoning = reasoningOf(speech)
  const message = {
    ...reasoning,
    ...(called.length > 0 && { tool_calls: called.map(callOf) }),
  }
  const deltas = [
    ...(reasoning === undefined ? [] : [reasoning]),
    ...texts.map((content): object => ({ content })),
    ...called.flatMap(callDeltas),
  ]
  const plain = answers({ text: texts.join(''), usage, message })
  Object.assign(deltas[0] ?? {}, { role: 'assistant' })
  return (asked, response) => {
    if (asked.json?.stream !== true) return plain(asked, response)
    const beforeEvent = async (index: number) => {
      await speech.beforeEvent?.(index)
      if (index !== speech.breaksAfter) return undefined
      setTimeout(() => response.destroy(), 30)
      return new Promise(() => undefined)
    }
    const finish = called.length === 0 ? 'stop' : 'tool_calls'
    return streams({ deltas, finish, usage, beforeEvent })(asked, response)
  }
}

const callOf = ({ id, name, input }: SpokenTool) => ({
  ...{ id, type: 'function' },
  function: { name, arguments: JSON.stringify(input) },
})

function callDeltas(tool: SpokenTool, index: number): readonly object[] {
  const { function: called, ...call } = callOf(tool)
  const begun = { ...call, index, function: { ...called, arguments: '' } }
  return [
    { tool_calls: [begun] },
    { tool_calls: [{ index, function: { arguments: called.arguments } }] },
  ]
}

/** As OpenRouter and others have it; OpenAI itself shows none. */
function reasoningOf({ thinking }: Speech): object | undefined {
  if (thinking === undefined) return undefined
  const { text, signature } = thinking
  const detail = { type: 'reasoning.text', text, signature, format: 'scripted-v1', index: 0 }
  return { reasoning_content: text, reasoning_details: [detail] }
}

function usageOf(figures: Figures | null | undefined) {
  if (figures === null) return null
  const { input = 10, output = 5, cached } = figures ?? {}
  return { prompt: input, completion: output, ...(cached !== undefined && { cached }) }
}
