import type {
  AssistantPart,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../neutral/request.ts'

/** Items follow each other one by one; messages hold what belongs together of them. */
export interface Conversation {
  readonly system: TextPart[]
  readonly messages: readonly Message[]
  /** Of tools, by the ids of their calls. */
  readonly names: Map<string, string>
  isEmpty(): boolean
  instruct(parts: readonly TextPart[]): void
  user(parts: readonly UserPart[]): void
  assistant(part: AssistantPart): void
  result(part: ToolResultPart): void
}

export function createConversation(): Conversation {
  const system: TextPart[] = []
  const messages: Message[] = []
  /** The message that goes on. */
  let turn: AssistantPart[] | undefined
  let results: UserPart[] | undefined

  function begin(message: Message): void {
    messages.push(message)
    turn = undefined
    results = undefined
  }

  return {
    system,
    messages,
    names: new Map(),
    isEmpty: () => messages.length === 0,
    instruct(parts) {
      if (messages.length === 0) for (const part of parts) system.push(part)
      else begin({ role: 'system', parts })
    },
    user: (parts) => begin({ role: 'user', parts }),
    assistant(part) {
      if (turn === undefined) {
        const parts: AssistantPart[] = []
        begin({ role: 'assistant', parts })
        turn = parts
      }
      turn.push(part)
    },
    result(part) {
      if (results === undefined) {
        const parts: UserPart[] = []
        begin({ role: 'user', parts })
        results = parts
      }
      results.push(part)
    },
  }
}
