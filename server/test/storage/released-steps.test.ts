import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { steps as sqlite } from '../../src/storage/migrations/migrate.ts'
import { steps as postgres } from '../../src/storage/migrations/postgres/migrate.ts'
import { functions } from '../../src/storage/postgres/functions.ts'
import { RELEASED_FUNCTIONS, RELEASED_STEPS } from './released-steps.ts'

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** Which step is not the one that databases have, in words that say what to do. */
function mended(database: keyof typeof RELEASED_STEPS, steps: readonly string[]): string[] {
  const released = RELEASED_STEPS[database]
  const longer = Math.max(steps.length, released.length)
  return Array.from({ length: longer }, (_, at) => at).flatMap((at) => {
    const now = digest(steps[at] ?? '')
    if (now === released[at] && at < steps.length) return []
    const wrong =
      released[at] === undefined
        ? `is new: append '${now}' to RELEASED_STEPS.${database}`
        : 'was released otherwise: put it back, and append a step that changes what it made'
    return [`step ${at + 1} of ${database} ${wrong}`]
  })
}

it('no step that databases have is edited, taken out or moved', () => {
  expect(mended('sqlite', sqlite)).toEqual([])
  expect(mended('postgres', postgres)).toEqual([])
})

it('no function changes without a step that brings it to databases that are there', () => {
  const schema = postgres.length
  const now = digest(functions)
  expect(
    now,
    RELEASED_FUNCTIONS[schema] === undefined
      ? `schema ${schema} is new: append "${schema}: '${now}'" to RELEASED_FUNCTIONS`
      : `databases of schema ${schema} have other functions, and would keep them: append a step to
        migrations/postgres/migrate.ts. ONLY_FUNCTIONS will do; where parameters or a result change, it drops the former function
        or leaves it to nodes of the former version.`,
  ).toBe(RELEASED_FUNCTIONS[schema])
})
