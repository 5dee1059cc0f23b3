/** What a model takes of what Anthropic's API offers. It differs by version, and a model refuses what it does not take. */
export interface Abilities {
  /** How it is asked to think. `adaptive`: it decides itself; `budget`: in tokens. */
  readonly thinking: 'none' | 'budget' | 'adaptive'
  /** Whether it goes on with an answer that the caller began. */
  readonly goesOn: boolean
  /** Whether it may be told not to think. */
  readonly mayNotThink: boolean
  /** Effort between `high` and `max`. */
  readonly takesXhigh: boolean
  /** `none`: neither temperature nor top p nor top k; `one`: temperature or top p. */
  readonly sampling: 'all' | 'one' | 'none'
  /** Output by schema, and strict tools. */
  readonly schemas: boolean
  /** What an answer may be long where the caller sets no limit, which the API demands. In tokens. */
  readonly usualOutputLimit: number
}

/** Others that speak this dialect: what they all take. */
const FOREIGN: Abilities = {
  thinking: 'budget',
  goesOn: true,
  mayNotThink: true,
  takesXhigh: false,
  sampling: 'all',
  schemas: false,
  usualOutputLimit: 8_192,
}

const remembered = new Map<string, Abilities>()
const MOST_REMEMBERED = 500

/** @param model as the provider calls it; also behind a region or a platform (`eu.anthropic.claude-opus-4-8-v1`). */
export function abilitiesOf(model: string): Abilities {
  const known = remembered.get(model)
  if (known !== undefined) return known
  const abilities = model.includes('claude') ? abilitiesOfClaude(model) : FOREIGN
  if (remembered.size >= MOST_REMEMBERED) remembered.clear()
  remembered.set(model, abilities)
  return abilities
}

/** These think always. */
const THINKERS = /claude-(?:mythos|fable)/

function abilitiesOfClaude(model: string): Abilities {
  const version = versionOf(model)
  return {
    goesOn: version < 406,
    mayNotThink: version >= 307 && !THINKERS.test(model),
    thinking: version >= 406 ? 'adaptive' : version >= 307 ? 'budget' : 'none',
    takesXhigh: version >= 407,
    sampling: version >= 407 ? 'none' : version >= 401 ? 'one' : 'all',
    schemas: version >= 405,
    usualOutputLimit: version >= 307 ? 32_000 : version >= 305 ? 8_192 : 4_096,
  }
}

const NEWEST = 9_900

/** 406 for 4.6, so that versions compare as numbers. A name without a version is of a later kind than all that we know. */
function versionOf(model: string): number {
  const found =
    /claude-[a-z]+-(\d)(?:[-.](\d{1,2}))?(?!\d)/.exec(model) ??
    /claude-(\d)(?:[-.](\d{1,2}))?(?!\d)/.exec(model)
  if (found === null) return NEWEST
  return Number(found[1]) * 100 + Number(found[2] ?? 0)
}
