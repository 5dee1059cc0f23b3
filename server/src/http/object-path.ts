import { masked } from '../relay/quoted.ts'
import type { ObjectAsked } from '../relay/values.ts'

type Method = ObjectAsked['method']

/** What can be asked of objects of one kind: the methods at each place behind their name. `*`: any id. */
interface Offered {
  readonly kind: ObjectAsked['kind']
  readonly at: Readonly<Record<string, readonly Method[]>>
}

export const OFFERED: ReadonlyMap<string, Offered> = new Map([
  [
    'files',
    {
      kind: 'file',
      at: { '': ['GET', 'POST'], '*': ['GET', 'DELETE'], '*/content': ['GET'] },
    },
  ],
  [
    'responses',
    {
      kind: 'response',
      at: { '*': ['GET', 'DELETE'], '*/cancel': ['POST'], '*/input_items': ['GET'] },
    },
  ],
  ['batches', { kind: 'batch', at: { '': ['GET'], '*': ['GET'], '*/cancel': ['POST'] } }],
  [
    'videos',
    {
      kind: 'video',
      at: { '': ['GET'], '*': ['GET', 'DELETE'], '*/content': ['GET'] },
    },
  ],
  [
    'conversations',
    {
      kind: 'conversation',
      at: {
        '': ['POST'],
        '*': ['GET', 'POST', 'DELETE'],
        '*/items': ['GET', 'POST'],
        '*/items/*': ['GET', 'DELETE'],
      },
    },
  ],
])

/** Ids as providers write them: what else is asked for nobody has issued, and it shall not lead to another path. */
const ID = /^(?!\.{1,2}$)[\w.~-]{1,256}$/

/** Calls of a model that are about an object: `videos/{id}/remix`. */
export const CALLS_ABOUT: ReadonlySet<string> = new Set(['videos/remix'])

/** Which call, and about what; `undefined`: it is none. */
export function callAbout(
  segments: readonly string[],
): { operation: string; id: string } | undefined {
  const [family, id = '', part, ...more] = segments
  const operation = `${family}/${part}`
  if (more.length > 0 || !CALLS_ABOUT.has(operation) || !ID.test(id)) return undefined
  return { operation, id }
}

/** What is asked of objects that providers keep; a text: why that is not offered; `undefined`: it is about something else. */
export function objectAsked(
  method: string,
  [family = '', ...segments]: readonly string[],
): ObjectAsked | string | undefined {
  const offered = OFFERED.get(family)
  if (offered === undefined) return undefined
  const { kind, at } = offered
  const names = Object.keys(at)
  const place = names.find((name) => isAt(name, segments))
  if (place === undefined) return undefined
  const [id = '', ...rest] = segments
  const methods = at[place] ?? []
  const known = methods.find((one) => one === method || (one === 'GET' && method === 'HEAD'))
  if (known === undefined) return `use ${methods.join(' or ')}`
  if (segments.some((segment) => !ID.test(segment))) {
    return `${masked(segments.join('/')).slice(0, 200)} is no id`
  }
  return { method: known, kind, id, part: rest.map((segment) => `/${segment}`).join('') }
}

function isAt(place: string, segments: readonly string[]): boolean {
  const words = place === '' ? [] : place.split('/')
  return (
    words.length === segments.length &&
    words.every((word, index) => word === '*' || word === segments[index])
  )
}
