import fc from 'fast-check'
import { Refused } from '../../src/errors.ts'
import type { Codec } from '../../src/translate/codec.ts'
import { isObject } from '../../src/translate/json.ts'
import type { JsonObject } from '../../src/translate/neutral/request.ts'

/** What attackers and broken providers send. */

/** Any JSON, with names that a dialect knows among its members, so that it gets far. */
export const anyJson = (names: readonly string[]): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, false, 0, -1, 1e308, '', 'text', '__proto__'),
      fc.string(),
      fc.double({ noNaN: true }),
      fc.constantFrom(...names),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom('__proto__', 'constructor', ...names), tie('value')), {
          maxLength: 6,
        })
        .map((members) => parsed(members)),
    ),
  })).value

/** Through the parser, which makes own members of all names. */
function parsed(members: readonly (readonly [string, unknown])[]): unknown {
  const texts = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return JSON.parse(`{${texts.join(',')}}`)
}

type Path = readonly (string | number)[]

/** Where everything in a value stands. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    return [path, ...items.flatMap((item, at) => pathsOf(item, [...path, at]))]
  }
  if (!isObject(value)) return [path]
  return [path, ...Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]))]
}

/** The same with something else in one place. */
function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return by
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    return items.map((item, at) => (at === head ? replaced(item, rest, by) : item))
  }
  if (!isObject(value)) return by
  return { ...value, [head]: replaced(value[head], rest, by) }
}

/** Valid bodies with one member replaced by anything. */
export const damaged = (
  bodies: readonly JsonObject[],
  names: readonly string[],
): fc.Arbitrary<unknown> =>
  fc
    .constantFrom(...bodies)
    .chain((body) =>
      fc
        .tuple(fc.constantFrom(...pathsOf(body)), anyJson(names))
        .map(([path, by]) => replaced(body, path, by)),
    )

const MODELS = ['gpt-5.2', 'claude-opus-4-8', 'claude-sonnet-4-5', 'other']

/** Reads a call as an attacker sends it, and writes what was understood for all. Anything but a refusal is thrown on. */
export function survives(
  reader: Codec,
  writers: readonly Codec[],
  body: unknown,
  models: readonly string[] = MODELS,
): void {
  if (!isObject(body)) return
  try {
    const request = reader.readRequest(body, { model: 'm', stream: false })
    for (const writer of writers) {
      for (const model of models) JSON.stringify(writer.writeRequest(request, model))
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
}
