import { budgetOf, effortOf } from '../efforts.ts'
import type { Effort, NeutralRequest, ReasoningWish } from '../neutral/request.ts'
import type { Abilities } from './models.ts'
import type { Block } from './write-blocks.ts'
import type { WrittenMessage } from './write-messages.ts'

const LEAST_BUDGET = 1_024

/** What is written of thinking, and whether it is on: other options depend on it. */
export interface Thinking {
  readonly on: boolean
  readonly thinking: Block | undefined
  readonly effort: string | undefined
}

const UNTOLD: Thinking = { on: false, thinking: undefined, effort: undefined }

/**
 * @param limit the most output tokens. It holds for thinking, too, and is never lifted, since it is what was reserved.
 */
export function writeThinking(
  request: NeutralRequest,
  abilities: Abilities,
  limit: number,
  turns: readonly WrittenMessage[],
): Thinking {
  const wish = request.reasoning
  if (wish === undefined || abilities.thinking === 'none') return UNTOLD
  if (isUnwanted(wish)) return unthinking(abilities)
  // The provider refuses thinking with a tool that must be called: what the caller forces counts more.
  const { toolChoice } = request
  if (toolChoice?.kind === 'required' || toolChoice?.kind === 'named') return unthinking(abilities)
  if (toolChoice?.kind === 'allowed' && toolChoice.required) return unthinking(abilities)
  if (abilities.thinking === 'adaptive') return adaptive(wish, abilities)
  return limit > LEAST_BUDGET && mayGoOnThinking(turns) ? budgeted(wish, limit) : UNTOLD
}

const isUnwanted = ({ effort, budget }: ReasoningWish): boolean =>
  budget === 0 || (budget === undefined && effort === 'none')

/** What a model does that is told nothing differs by version. */
const unthinking = ({ mayNotThink }: Abilities): Thinking =>
  mayNotThink ? { on: false, thinking: { type: 'disabled' }, effort: undefined } : UNTOLD

function adaptive(wish: ReasoningWish, abilities: Abilities): Thinking {
  const thinking: Block = { type: 'adaptive' }
  if (wish.shows !== undefined)
    thinking.display = wish.shows === 'nothing' ? 'omitted' : 'summarized'
  return { on: true, thinking, effort: effortWord(effortOf(wish), abilities) }
}

function effortWord(effort: Effort | undefined, { takesXhigh }: Abilities): string | undefined {
  switch (effort) {
    case undefined:
    case 'none':
      return undefined
    case 'minimal':
      return 'low'
    case 'xhigh':
      return takesXhigh ? effort : 'high'
    case 'low':
    case 'medium':
    case 'high':
    case 'max':
      return effort
  }
}

/** A quarter is left for the answer, where the limit allows it. */
function budgeted(wish: ReasoningWish, limit: number): Thinking {
  const most = Math.max(Math.floor((limit * 3) / 4), LEAST_BUDGET)
  const wished = budgetOf(wish) ?? most
  const budget = Math.max(Math.min(wished, most), LEAST_BUDGET)
  const thinking: Block = { type: 'enabled', budget_tokens: budget }
  if (wish.shows === 'nothing') thinking.display = 'omitted'
  return { on: true, thinking, effort: undefined }
}

/**
 * With a budget, the turn that the model is in the midst of must have begun with thinking of its own. It has not where
 * another model called the tools, or the caller begins the answer.
 */
function mayGoOnThinking(turns: readonly WrittenMessage[]): boolean {
  for (let at = turns.length - 1; at >= 0; at--) {
    const turn = turns[at]
    if (turn === undefined) break
    const [first] = turn.content
    if (turn.role === 'assistant')
      return first?.type === 'thinking' || first?.type === 'redacted_thinking'
    if (turn.content.every(({ type }) => type !== 'tool_result')) return true
  }
  return true
}
