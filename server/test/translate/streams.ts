import type { StreamReader, StreamWriter } from '../../src/translate/codec.ts'
import type { Choice, NeutralAnswer, NeutralEvent } from '../../src/translate/neutral/answer.ts'
import type { AssistantPart } from '../../src/translate/neutral/request.ts'

/** Answers cut into the events of a stream, and put together again. */

export interface Cutting {
  /** Characters of each bit of a text. */
  readonly size: number
  /** All calls at the same time, and not one after the other. */
  readonly interleaved: boolean
  /** Usage that is told after the end, as OpenAI does it. */
  readonly usageLast: boolean
}

export function eventsOf(answer: NeutralAnswer, cutting: Cutting): NeutralEvent[] {
  const { id, model, createdAt, usage, serviceTier } = answer
  const events: NeutralEvent[] = [{ kind: 'start', id, model, createdAt, usage: undefined }]
  const used: NeutralEvent[] = usage === undefined ? [] : [{ kind: 'usage', usage, serviceTier }]
  const ends: NeutralEvent[] = []
  for (const choice of answer.choices) {
    const { index, finish, stopSequence } = choice
    events.push(...partEvents(choice, cutting))
    ends.push({ kind: 'finish', choice: index, finish, stopSequence })
  }
  return cutting.usageLast ? [...events, ...ends, ...used] : [...events, ...used, ...ends]
}

function partEvents({ index, parts }: Choice, cutting: Cutting): NeutralEvent[] {
  const each = parts.map((part, at) => eventsOfPart(part, { choice: index, part: at }, cutting))
  if (!cutting.interleaved) return each.flat()
  const isCall = (at: number) => parts[at]?.kind === 'tool_call'
  const others = each.filter((_, at) => !isCall(at))
  const calls = each.filter((_, at) => isCall(at))
  const longest = Math.max(0, ...calls.map(({ length }) => length))
  const rounds = Array.from({ length: longest }, (_, at) => calls.map((events) => events[at]))
  return [...others, ...rounds].flat().filter((event) => event !== undefined)
}

interface Where {
  readonly choice: number
  readonly part: number
}

function eventsOfPart(part: AssistantPart, where: Where, { size }: Cutting): NeutralEvent[] {
  const { opens, text } = emptied(part)
  const events: NeutralEvent[] = [{ kind: 'open', ...where, opens }]
  const letters = Array.from(text)
  for (let at = 0; at < letters.length; at += size)
    events.push({ kind: 'more', ...where, text: letters.slice(at, at + size).join('') })
  if (part.kind === 'reasoning' && part.mark !== undefined)
    events.push({ kind: 'detail', ...where, detail: { mark: part.mark } })
  if (part.kind === 'text' && part.citations !== undefined)
    events.push({ kind: 'detail', ...where, detail: { citations: part.citations } })
  events.push({ kind: 'close', ...where })
  return events
}

function emptied(part: AssistantPart): { opens: AssistantPart; text: string } {
  switch (part.kind) {
    case 'text':
      return { opens: { kind: 'text', text: '' }, text: part.text }
    case 'refusal':
      return { opens: { kind: 'refusal', text: '' }, text: part.text }
    case 'reasoning':
      return { opens: { kind: 'reasoning', text: '', mark: undefined }, text: part.text }
    case 'tool_call':
      return { opens: { ...part, input: '' }, text: part.input }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return { opens: part, text: '' }
  }
}

export function writeAll(writer: StreamWriter, events: readonly NeutralEvent[]): string {
  return events.map((event) => writer.write(event)).join('') + writer.end()
}

export interface Sent {
  readonly name: string
  readonly data: string
}

/** The events of a stream's text, as a client takes it apart. */
export function sentEvents(stream: string): Sent[] {
  if (stream !== '' && !stream.endsWith('\n\n')) throw new Error('half an event at the end')
  return stream
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n')
      const field = (name: string) =>
        lines
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n')
      return { name: field('event'), data: field('data') }
    })
}

export function readAll(reader: StreamReader, sent: readonly Sent[]): NeutralEvent[] {
  return [...sent.flatMap(({ name, data }) => reader.read(name, data)), ...reader.end()]
}

interface Gathered {
  readonly parts: Map<number, AssistantPart>
  readonly open: Set<number>
  finish: Choice['finish'] | undefined
  stopSequence: string | undefined
}

/** @throws Error where events come that can't be: after the end of a part, or of one that was never opened. */
export function assembled(events: readonly NeutralEvent[]): NeutralAnswer {
  const choices = new Map<number, Gathered>()
  let head: Pick<NeutralAnswer, 'id' | 'model' | 'createdAt'> = { id: '', model: '', createdAt: 0 }
  let used: Pick<NeutralAnswer, 'usage' | 'serviceTier'> = {
    usage: undefined,
    serviceTier: undefined,
  }
  for (const event of events) {
    if (event.kind === 'start') head = event
    else if (event.kind === 'usage') used = event
    else if (event.kind === 'failed') throw new Error(event.error.message)
    else gather(event, choices)
  }
  return {
    id: head.id,
    model: head.model,
    createdAt: head.createdAt,
    choices: Array.from(choices, ([index, { parts, open, finish, stopSequence }]) => {
      if (open.size > 0) throw new Error('a part was never closed')
      const inOrder = Array.from(parts).sort(([a], [b]) => a - b)
      return {
        index,
        parts: inOrder.map(([, part]) => part),
        finish: finish ?? 'stop',
        stopSequence,
        logprobs: undefined,
      }
    }),
    usage: used.usage,
    serviceTier: used.serviceTier,
  }
}

type ChoiceEvent = Extract<NeutralEvent, { readonly choice: number }>

function gather(event: ChoiceEvent, choices: Map<number, Gathered>): void {
  const choice = choices.get(event.choice) ?? {
    parts: new Map(),
    open: new Set(),
    finish: undefined,
    stopSequence: undefined,
  }
  choices.set(event.choice, choice)
  if (event.kind === 'logprobs') return
  if (event.kind === 'finish') {
    choice.finish = event.finish
    choice.stopSequence = event.stopSequence
    return
  }
  const { part } = event
  if (event.kind === 'open') {
    if (choice.parts.has(part)) throw new Error('a part was opened twice')
    choice.parts.set(part, event.opens)
    choice.open.add(part)
    return
  }
  const open = choice.parts.get(part)
  if (open === undefined || !choice.open.has(part)) throw new Error('a part is not open')
  if (event.kind === 'close') choice.open.delete(part)
  else if (event.kind === 'more') choice.parts.set(part, longer(open, event.text))
  else if (open.kind === 'reasoning') {
    const { mark } = event.detail
    if (mark !== undefined) choice.parts.set(part, { ...open, mark })
  } else if (open.kind === 'text' && event.detail.citations !== undefined) {
    const citations = [...(open.citations ?? []), ...event.detail.citations]
    choice.parts.set(part, { ...open, citations })
  }
}

function longer(part: AssistantPart, text: string): AssistantPart {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { ...part, text: part.text + text }
    case 'tool_call':
      return { ...part, input: part.input + text }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      throw new Error('media have no text')
  }
}
