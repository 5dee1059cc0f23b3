import type { Effort } from '../neutral/request.ts'

/** What differs among the models behind OpenAI's two APIs, as far as their names tell. */
export interface Abilities {
  /** One of OpenAI's own, which take what its documentation says and refuse all else. */
  readonly own: boolean
  /**
   * `maybe`: it can be told not to, and reasons unless it is; `asked`: only when it is told to; `unknown`: another
   * provider's model.
   */
  readonly reasons: 'always' | 'maybe' | 'asked' | 'never' | 'unknown'
  /** The efforts that it knows, from the least to the most. */
  readonly efforts: readonly Effort[]
  /** Tools that take free text, verbosity, and tools of which some are allowed. */
  readonly newest: boolean
}

const USUAL: readonly Effort[] = ['low', 'medium', 'high']
const NO_EFFORTS: readonly Effort[] = []

const FOREIGN: Abilities = { own: false, reasons: 'unknown', efforts: USUAL, newest: false }
const PLAIN: Abilities = { own: true, reasons: 'never', efforts: NO_EFFORTS, newest: false }
const O_SERIES: Abilities = { own: true, reasons: 'always', efforts: USUAL, newest: false }
const GPT_5: Abilities = {
  own: true,
  reasons: 'always',
  efforts: ['minimal', ...USUAL],
  newest: true,
}
const GPT_5_1: Abilities = {
  own: true,
  reasons: 'asked',
  efforts: ['none', ...USUAL],
  newest: true,
}
const GPT_5_2: Abilities = { ...GPT_5_1, efforts: ['none', ...USUAL, 'xhigh'] }
/** Nobody says what these do by themselves. */
const LATER: Abilities = { ...GPT_5_2, reasons: 'maybe' }

/** @param model as the provider calls it. A path before the name (`openai/gpt-5`) is a reseller's. */
export function abilitiesOf(model: string): Abilities {
  if (model.startsWith('gpt-oss')) return FOREIGN
  if (/^o\d/.test(model)) return O_SERIES
  const version = /^(?:ft:)?gpt-(\d+)(?:\.(\d+))?/.exec(model)
  if (version === null) return model.startsWith('chatgpt-') ? PLAIN : FOREIGN
  const major = Number(version[1])
  if (major < 5 || model.includes('-chat')) return PLAIN
  if (major > 5) return LATER
  const minor = Number(version[2] ?? 0)
  if (minor < 2) return minor === 0 ? GPT_5 : GPT_5_1
  return minor < 5 ? GPT_5_2 : LATER
}

/**
 * The same behind Responses, where all that resellers have is OpenAI's or speaks as it does: who is not known may reason, and
 * know every word for it.
 */
export function abilitiesBehindResponses(model: string): Abilities {
  const abilities = abilitiesOf(model.slice(model.lastIndexOf('/') + 1))
  return abilities.own ? abilities : ANY
}

/** Whether a model reasons with that effort, which takes no sampling options meanwhile. */
export function isThinking(effort: Effort | undefined, { reasons }: Abilities): boolean {
  if (reasons === 'asked') return effort !== undefined && effort !== 'none'
  return reasons === 'always' || (reasons === 'maybe' && effort !== 'none')
}

const ORDER: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

const ANY: Abilities = { ...FOREIGN, reasons: 'asked', efforts: ORDER }

/** The effort that a model knows and that is the nearest, rather less than more; `undefined`: it knows none. */
export function nearestEffort(effort: Effort, { efforts }: Abilities): Effort | undefined {
  const wished = ORDER.indexOf(effort)
  return efforts.findLast((known) => ORDER.indexOf(known) <= wished) ?? efforts[0]
}
