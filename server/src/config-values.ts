export type Environment = Readonly<Record<string, string | undefined>>

/** Reads single variables and gathers what is wrong with them. Values that are secret are never quoted. */
export class Values {
  readonly #environment: Environment
  readonly #mistakes: string[]
  constructor(environment: Environment, mistakes: string[]) {
    this.#environment = environment
    this.#mistakes = mistakes
  }

  mistake(name: string, why: string): void {
    this.#mistakes.push(`${name}: ${why}.`)
  }

  text(name: string): string | undefined {
    const value = this.#environment[name]?.trim()
    return value === '' ? undefined : value
  }

  checked(name: string, whyNot: (text: string) => string | undefined): string | undefined {
    const value = this.text(name)
    const why = value === undefined ? undefined : whyNot(value)
    if (why !== undefined) this.mistake(name, why)
    return value
  }

  whole(name: string, range: { standard: number; least: number; most: number }): number {
    const text = this.text(name)
    if (text === undefined) return range.standard
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= range.least && value <= range.most) return value
    this.mistake(name, `must be a whole number from ${range.least} to ${range.most}, not "${text}"`)
    return range.standard
  }

  list(name: string, whyNot: (entry: string) => string | undefined): readonly string[] {
    const entries = (this.text(name) ?? '').split(',').map((entry) => entry.trim())
    const named = entries.filter((entry) => entry !== '')
    for (const entry of named) {
      const why = whyNot(entry)
      if (why !== undefined) this.mistake(name, why)
    }
    return named
  }

  oneOf<T extends string>(name: string, choices: readonly T[], standard: T): T {
    const text = this.text(name)
    const chosen = choices.find((choice) => choice === (text ?? standard))
    if (chosen !== undefined) return chosen
    this.mistake(name, `must be one of ${choices.join(', ')}, not "${text}"`)
    return standard
  }
}
