import type { Effort } from '../neutral/request.ts'

/** What a model behind the Responses API takes, as far as its name tells. */
export interface Abilities {
  /** `always`, `maybe` (unless told not to), or `never`; others than OpenAI's may, for all we know. */
  readonly reasons: 'always' | 'maybe' | 'never'
  /** The words for effort that it knows, from the least to the most. */
  readonly efforts: readonly Effort[]
}

const ALL: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']
const USUAL: readonly Effort[] = ['low', 'medium', 'high']

const NEVER: Abilities = { reasons: 'never', efforts: [] }
const O_SERIES: Abilities = { reasons: 'always', efforts: USUAL }
const GPT_5: Abilities = { reasons: 'always', efforts: ['minimal', ...USUAL] }
const GPT_5_1: Abilities = { reasons: 'maybe', efforts: ['none', ...USUAL] }
const LATER: Abilities = { reasons: 'maybe', efforts: ['none', ...USUAL, 'xhigh'] }
const OTHERS: Abilities = { reasons: 'maybe', efforts: ALL }

/** @param model as the provider calls it, perhaps behind a reseller's path (`openai/gpt-5`). */
export function abilitiesOf(model: string): Abilities {
  const bare = model.slice(model.lastIndexOf('/') + 1)
  if (/^o\d/.test(bare)) return O_SERIES
  if (bare.startsWith('chatgpt-')) return NEVER
  const version = /^gpt-(\d+)(?:\.(\d+))?/.exec(bare)
  if (version === null) return OTHERS
  const major = Number(version[1])
  if (major < 5 || bare.includes('-chat')) return NEVER
  if (major > 5) return LATER
  const minor = Number(version[2] ?? 0)
  return minor === 0 ? GPT_5 : minor === 1 ? GPT_5_1 : LATER
}

/** The effort that a model knows and that is the nearest, rather less than more. */
export function nearestEffort(effort: Effort, { efforts }: Abilities): Effort | undefined {
  const wished = ALL.indexOf(effort)
  return efforts.findLast((known) => ALL.indexOf(known) <= wished) ?? efforts[0]
}
