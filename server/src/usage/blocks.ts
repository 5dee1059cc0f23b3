import type { Totals } from './totals.ts'

/** The points of one step of a chart. */
export interface Step {
  /** When it begins, Unix seconds. */
  readonly at: number
  readonly points: number
  /** Of all its points. */
  readonly sums: Totals
  /** The points as JSON, separated by commas. */
  readonly text: string
}

/** Some steps of a chart that follow each other, those without points left out. */
export interface Block {
  readonly requests: number
  readonly corrections: number
  readonly steps: readonly Step[]
}

/** Blocks that were drawn, by name. */
export interface Blocks {
  get(name: string): Block | undefined
  /** Takes the place of a block of that name. The least recently used go when all are too long together. */
  put(name: string, block: Block): void
  clear(): void
}

/** What a block and a step take beside their texts. */
const CHARACTERS_A_BLOCK = 500
const CHARACTERS_A_STEP = 200

/** Keeps blocks up to so many characters. */
export function createBlocks(mostCharacters: number): Blocks {
  // In order of use, oldest first.
  const byName = new Map<string, Block>()
  let characters = 0
  function take(name: string): Block | undefined {
    const block = byName.get(name)
    if (block === undefined) return undefined
    byName.delete(name)
    characters -= lengthOf(block)
    return block
  }
  function add(name: string, block: Block): void {
    byName.set(name, block)
    characters += lengthOf(block)
  }
  return {
    get(name) {
      const block = take(name)
      if (block !== undefined) add(name, block)
      return block
    },
    put(name, block) {
      take(name)
      add(name, block)
      for (const oldest of byName.keys()) {
        if (characters <= mostCharacters) break
        take(oldest)
      }
    },
    clear() {
      byName.clear()
      characters = 0
    },
  }
}

const lengthOf = ({ steps }: Block): number =>
  steps.reduce((sum, { text }) => sum + text.length + CHARACTERS_A_STEP, CHARACTERS_A_BLOCK)
