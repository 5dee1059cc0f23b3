import { AUTO } from './groups.ts'

const LONGEST = 64
/** Lists have commas between, paths slashes; blanks and what is invisible make two names look alike. */
const FORBIDDEN = /[\s\p{C},/\\"]/u

/** Why a new group can't be called that, as it stands behind the field's name; `undefined`: it can. */
export function whyNotName(name: string): string | undefined {
  if (name === '' || name.length > LONGEST) return `must have 1 to ${LONGEST} characters`
  if (FORBIDDEN.test(name)) {
    return 'must not hold blanks, commas, slashes, quotation marks or control characters'
  }
  // A client's URL would lose it.
  if (name === '.' || name === '..') return `must not be ${name}`
  return name === AUTO ? `must not be ${AUTO}, which walks other groups` : undefined
}
