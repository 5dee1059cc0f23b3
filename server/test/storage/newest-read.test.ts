import { describe, expect, it } from 'vitest'
import { createNewestRead } from '../../src/storage/newest-read.ts'

/** A read that comes back when it is told to. */
function slowRead() {
  let answer: (found: string) => void = () => undefined
  const found = new Promise<string>((resolve) => {
    answer = resolve
  })
  return { read: () => found, answer }
}

describe('reads of one row', () => {
  it('count only when begun last, in whatever order they come back', async () => {
    const newest = createNewestRead<number>()
    const [first, second] = [slowRead(), slowRead()]
    const old = newest(1, first.read)
    const fresh = newest(1, second.read)
    second.answer('new')
    expect(await fresh).toEqual({ found: 'new' })
    first.answer('old')
    expect(await old).toBeUndefined()
  })

  it('are not mistaken for a later one that was begun after the newest had come back', async () => {
    const newest = createNewestRead<number>()
    const [first, second, third] = [slowRead(), slowRead(), slowRead()]
    const old = newest(1, first.read)
    const middle = newest(1, second.read)
    second.answer('middle')
    await middle
    const last = newest(1, third.read)
    first.answer('old')
    expect(await old).toBeUndefined()
    third.answer('last')
    expect(await last).toEqual({ found: 'last' })
  })

  it('of other rows are left alone', async () => {
    const newest = createNewestRead<number>()
    const first = slowRead()
    const one = newest(1, first.read)
    expect(await newest(2, async () => 'two')).toEqual({ found: 'two' })
    first.answer('one')
    expect(await one).toEqual({ found: 'one' })
  })
})
