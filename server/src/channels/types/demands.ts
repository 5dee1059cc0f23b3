import type { DialectName } from '../../dialects/dialect.ts'

export type Demands = readonly (readonly [name: string, value: string])[]

const NONE: Demands = []
const ANTHROPIC: Demands = [['anthropic-version', '2023-06-01']]

/** Headers that providers of a dialect demand and that callers of others don't send. Names in lower case. */
export const demandsOf = (dialect: DialectName): Demands =>
  dialect === 'anthropic' ? ANTHROPIC : NONE
