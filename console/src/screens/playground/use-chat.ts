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

  async function ask({ text, callOf, key }: Asking) {
    const abort = new AbortController()
    const asked: readonly Turn[] = [...turns, { role: 'user', id: ++ids.current, text }]
    const call = callOf(asked)
    const id = ++ids.current
    const { model } = call
    setTurns([...asked, { role: 'assistant', id, text: '', model, state: 'coming' }])
    setRunning(abort)
    const tell = (changed: (answer: Answer) => Partial<Answer>) => change(id, changed)
    await answer({ call, key, signal: abort.signal, tell })
    setRunning(undefined)
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
async function answer({ call, key, signal, tell }: Answering): Promise<void> {
  let requestId = ''
  const onRequest = (id: string) => {
    requestId = id
  }
  try {
    const stream = streamChat({ call, key: await key(), signal, onRequest })
    for await (const { text = '', ...counted } of stream) {
      tell((now) => ({ text: now.text + text, ...counted }))
    }
    tell(() => ({ state: 'done' }))
  } catch (reason) {
    const failure = reason instanceof ApiFailure ? reason : lost(reason)
    tell(() => (signal.aborted ? { state: 'stopped' } : { state: 'failed', failure }))
  }
  if (requestId === '') return
  // A cost that is not known is no trouble of the conversation.
  void costOf(requestId).then(
    (units) => units !== undefined && tell(() => ({ units })),
    () => undefined,
  )
}
