import type { Denial } from './tally.ts'

/** Whole seconds after which the same call passes. */
export const retryAfterOf = ({ waitMs }: Denial): number => Math.max(1, Math.ceil(waitMs / 1000))

/** A denial as it can be told. `seconds`: when the same call passes; with `calls` a guess. */
export type Exceeded = Pick<Denial, 'of' | 'most' | 'left'> & {
  readonly whose: 'key' | 'account'
  readonly seconds: number
}

export const exceededOf = (denial: Denial): Exceeded => {
  const { limited, of, most, left } = denial
  return { whose: limited.whose, of, most, left, seconds: retryAfterOf(denial) }
}

/** Which limit it is, whose, and when to come again. `tokens`: what the call was expected to use. */
export function exceededText(exceeded: Exceeded, tokens: number): string {
  const { of, most, left } = exceeded
  const whose = exceeded.whose === 'key' ? 'this API key' : 'the account of this API key'
  const again = `try again in ${exceeded.seconds} s`
  switch (of) {
    case 'requests':
      return `${whose} may make ${counted(most, 'request')} a minute (rpm_limit), and made them: ${again}`
    case 'tokens':
      return `${whose} may use ${counted(most, 'token')} a minute (tpm_limit), ${left} are left, and this call may use ${tokens}: ${again}`
    case 'calls':
      return `${whose} may have ${counted(most, 'call')} running at a time (max_concurrent), and has them: try again when one has ended`
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
