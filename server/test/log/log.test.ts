import { expect, it } from 'vitest'
import { openLog } from '../../src/log.ts'

const lines: string[] = []
const log = openLog('info', { write: (line: string) => void lines.push(line) })

it('says what was thrown and why, and nothing of the values that came with it', () => {
  const cause = Object.assign(new Error('the disk is full'), { row: 'a-secret' })
  log.error({ failure: new Error('not written', { cause }) }, 'a call failed')
  log.error({ error: cause }, 'a call failed')
  for (const line of lines.splice(0)) {
    expect(line).toContain('Error: the disk is full\\n    at ')
    expect(line).not.toContain('a-secret')
  }
})

it('leaves what is a word as it is, and says no value that was thrown', () => {
  log.warn({ failure: 'upstream_timeout' }, 'a channel failed')
  expect(JSON.parse(lines.splice(0)[0] ?? '')).toMatchObject({ failure: 'upstream_timeout' })
})

it('ends with causes that go round', () => {
  const first = new Error('first')
  first.cause = new Error('second', { cause: first })
  log.error({ error: first }, 'a call failed')
  expect(lines.splice(0)[0]?.match(/caused by/g)).toHaveLength(3)
})
