import type { DialectName } from '../../src/dialects/dialect.ts'
import type { UpstreamCall } from './upstream.ts'

/** What a provider was asked, whatever its dialect, held to what its documentation demands of a conversation. */
export interface Received {
  readonly tools: readonly string[]
  /** In the order in which they stand. */
  readonly calls: readonly { readonly name: string; readonly input: unknown }[]
  readonly results: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of four dialects
type Loose = any

interface Turn {
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[]
  readonly results: readonly { readonly id: string; readonly text: string }[]
  /** The results come before whatever else there is. */
  readonly inOrder: boolean
}

/** @throws where calls and results do not belong together as the provider wants them. */
export function received(dialect: DialectName, call: UpstreamCall | undefined): Received {
  const body: Loose = call?.json
  if (body === undefined) throw new Error('the provider was asked nothing')
  const { tools, turns } = READERS[dialect](body)
  turns.forEach(({ results, inOrder }, at) => {
    const asked = turns[at - 1]?.calls.map(({ id }) => id) ?? []
    const told = results.map(({ id }) => id)
    if (JSON.stringify(asked) !== JSON.stringify(told) || !inOrder) {
      throw new Error(`calls ${asked} are followed by results ${told}: ${JSON.stringify(body)}`)
    }
  })
  return {
    tools,
    calls: turns.flatMap(({ calls }) => calls.map(({ name, input }) => ({ name, input }))),
    results: turns.flatMap(({ results }) => results.map(({ text }) => text)),
  }
}

const asText = (content: Loose): string =>
  typeof content === 'string' ? content : content.map((part: Loose) => part.text).join('')

/** Turns of the model and of everybody else alternate; a call that takes free text has it as its input. */
const READERS: Readonly<
  Record<DialectName, (body: Loose) => { tools: readonly string[]; turns: readonly Turn[] }>
> = {
  openai: (body) => {
    const turns: Turn[] = []
    let others: Loose[] = []
    const end = () => {
      const results = others.filter(({ role }) => role === 'tool')
      turns.push({
        calls: [],
        results: results.map((one) => ({ id: one.tool_call_id, text: asText(one.content) })),
        inOrder: others.slice(0, results.length).every(({ role }) => role === 'tool'),
      })
      others = []
    }
    for (const message of body.messages) {
      if (message.role !== 'assistant') {
        others.push(message)
        continue
      }
      end()
      const calls = (message.tool_calls ?? []).map((one: Loose) => ({
        id: one.id,
        name: one.function?.name ?? one.custom.name,
        input: one.function ? JSON.parse(one.function.arguments) : one.custom.input,
      }))
      turns.push({ calls, results: [], inOrder: true })
    }
    end()
    const tools = (body.tools ?? []).map((tool: Loose) => tool.function?.name ?? tool.custom.name)
    return { tools, turns }
  },
  responses: (body) => {
    const calls: Loose[] = []
    const results: Loose[] = []
    for (const item of body.input) {
      if (item.type === 'function_call' || item.type === 'custom_tool_call') {
        const input = item.input ?? JSON.parse(item.arguments)
        calls.push({ id: item.call_id, name: item.name, input })
      }
      if (!/_call_output$/.test(item.type)) continue
      results.push({ id: item.call_id, text: asText(item.output) })
      if (!calls.some(({ id }) => id === item.call_id)) throw new Error('a result before its call')
    }
    const turns: Turn[] = [
      { calls, results: [], inOrder: true },
      { calls: [], results, inOrder: true },
    ]
    return { tools: (body.tools ?? []).map(({ name }: Loose) => name), turns }
  },
  anthropic: (body) => {
    const turns = body.messages.map((message: Loose, at: number): Turn => {
      if (message.role !== (at % 2 === 0 ? 'user' : 'assistant')) throw new Error('no alternation')
      const blocks = typeof message.content === 'string' ? [] : message.content
      const results = blocks.filter(({ type }: Loose) => type === 'tool_result')
      return {
        calls: blocks.filter(({ type }: Loose) => type === 'tool_use'),
        results: results.map((one: Loose) => ({ id: one.tool_use_id, text: asText(one.content) })),
        inOrder: blocks
          .slice(0, results.length)
          .every(({ type }: Loose) => type === 'tool_result' || results.length === 0),
      }
    })
    return { tools: (body.tools ?? []).map(({ name }: Loose) => name), turns }
  },
  gemini: (body) => {
    const turns = body.contents.map(({ parts }: Loose): Turn => {
      const calls = parts.flatMap(({ functionCall }: Loose) => functionCall ?? [])
      const results = parts.flatMap(({ functionResponse }: Loose) => functionResponse ?? [])
      const named = ({ id, name }: Loose) => `${name} ${id ?? ''}`
      return {
        calls: calls.map((one: Loose) => ({ id: named(one), name: one.name, input: one.args })),
        results: results.map((one: Loose) => ({
          id: named(one),
          text: JSON.stringify(one.response),
        })),
        inOrder: true,
      }
    })
    const declared = (body.tools ?? []).flatMap((tool: Loose) => tool.functionDeclarations ?? [])
    return { tools: declared.map(({ name }: Loose) => name), turns }
  },
}
