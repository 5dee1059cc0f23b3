import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiFailure, lost } from '../../api/failure.ts'
import type { Answer, Call, Turn } from './chat.ts'
import { costOf, streamChat } from './stream-chat.ts'

interface Asking {
  readonly text: string
  readonly callOf: (turns: readonly Turn[]) => Call
  readonly key: () => Promise<string>
}

/** A conversation. One answer comes at a time. */
export function useChat() {
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const [running, setRunning] = useState<AbortController>()
  const ids = useRef(0)
  useEffect(() => () => running?.abort(), [running])

  const change = useCallback((id: number, changed: (answer: Answer) => Partial<Answer>) => {
    setTurns((now) =>
      now.map((turn) =>
        turn.id === id && turn.role === 'assistant' ? { ...turn, ...changed(turn) } : turn,
      ),
    )
  }, [])

  /** Resolves at the end of the answer, with what it failed of. */
  async function ask({ text, callOf, key }: Asking): Promise<ApiFailure | undefined> {
    const abort = new AbortController()
    const asked: readonly Turn[] = [...turns, { role: 'user', id: ++ids.current, text }]
    const call = callOf(asked)
    const id = ++ids.current
    const { model } = call
    setTurns([...asked, { role: 'assistant', id, text: '', model, state: 'coming' }])
    setRunning(abort)
    const tell = (changed: (answer: Answer) => Partial<Answer>) => change(id, changed)
    const failure = await answer({ call, key, signal: abort.signal, tell })
    setRunning(undefined)
    return failure
  }

  return {
    turns,
    isRunning: running !== undefined,
    ask,
    stop: () => running?.abort(),
    clear: () => setTurns([]),
  }
}

interface Answering {
  readonly call: Call
  readonly key: () => Promise<string>
  readonly signal: AbortSignal
  readonly tell: (changed: (answer: Answer) => Partial<Answer>) => void
}

/** Follows one answer to its end, whichever that is, and then asks the books what it cost. */
async function answer(answering: Answering): Promise<ApiFailure | undefined> {
  const { signal, tell } = answering
  let requestId = ''
  const failure = await follow(answering, (id) => {
    requestId = id
  })
  if (signal.aborted) tell(() => ({ state: 'stopped' }))
  else tell(() => (failure === undefined ? { state: 'done' } : { state: 'failed', failure }))
  // A cost that is not known is no trouble of the conversation.
  const units = requestId === '' ? undefined : costOf(requestId).catch(() => undefined)
  void units?.then((known) => known !== undefined && tell(() => ({ units: known })))
  return failure
}

async function follow(
  { call, key, signal, tell }: Answering,
  onRequest: (id: string) => void,
): Promise<ApiFailure | undefined> {
  try {
    const stream = streamChat({ call, key: await key(), signal, onRequest })
    for await (const { text = '', ...counted } of stream) {
      tell((now) => ({ text: now.text + text, ...counted }))
    }
    return undefined
  } catch (reason) {
    return reason instanceof ApiFailure ? reason : lost(reason)
  }
}
