import type { ApiFailure } from '../../api/failure.ts'

export const EFFORTS = ['low', 'medium', 'high'] as const

/** What is asked besides the conversation. Empty texts are not sent. */
export interface ChatSettings {
  readonly system: string
  readonly temperature: string
  readonly maxTokens: string
  readonly effort: '' | (typeof EFFORTS)[number]
}

export const NO_SETTINGS: ChatSettings = { system: '', temperature: '', maxTokens: '', effort: '' }

export interface Question {
  readonly role: 'user'
  readonly id: number
  readonly text: string
}

export interface Answer {
  readonly role: 'assistant'
  readonly id: number
  readonly text: string
  readonly model: string
  readonly state: 'coming' | 'done' | 'stopped' | 'failed'
  readonly failure?: ApiFailure
  readonly promptTokens?: number
  readonly completionTokens?: number
  /** What it cost; undefined until the books say so. */
  readonly units?: number
}

export type Turn = Question | Answer

/** The body of a call of `POST /v1/chat/completions`, but for what streaming needs. */
export function callOf(model: string, settings: ChatSettings, turns: readonly Turn[]) {
  const { system, temperature, maxTokens, effort } = settings
  return {
    model,
    messages: [
      ...(system.trim() === '' ? [] : [{ role: 'system', content: system }]),
      // An answer that never began says nothing.
      ...turns.filter(({ text }) => text !== '').map(({ role, text }) => ({ role, content: text })),
    ],
    ...(temperature !== '' && { temperature: Number(temperature) }),
    ...(maxTokens !== '' && { max_completion_tokens: Number(maxTokens) }),
    ...(effort !== '' && { reasoning_effort: effort }),
  }
}

export type Call = ReturnType<typeof callOf>
