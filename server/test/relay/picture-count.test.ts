import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PictureCount, RecordedLength } from '../../src/relay/meter/notes.ts'

const seenOf = (notes: PictureCount | RecordedLength, bytes: Buffer, cuts: readonly number[]) => {
  let from = 0
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    notes.chunk(bytes.subarray(from, cut))
    from = Math.max(from, cut)
  }
  return notes.seen()
}

it('the pictures of an answer are counted, wherever it is cut and whatever is written in it', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('data', '"data":[{', '\\', '\\"', '{}', '[{}]'),
  )
  const picture = fc.record({ b64_json: text, data: fc.array(fc.object({ maxDepth: 1 })) })
  const answer = fc.record({
    ...{ created: fc.nat(), background: text, nested: fc.record({ data: fc.array(picture) }) },
    ...{ data: fc.array(picture, { maxLength: 5 }), usage: fc.object(), after: text },
  })
  fc.assert(
    fc.property(answer, fc.array(fc.nat(), { maxLength: 8 }), (value, places) => {
      const bytes = Buffer.from(JSON.stringify(value))
      const cuts = places.map((place) => place % (bytes.length + 1))
      expect(seenOf(new PictureCount(), bytes, cuts)).toEqual({ images: value.data.length })
    }),
    { numRuns: 500 },
  )
})

it('a long picture with many escapes takes time as its length', () => {
  const bytes = Buffer.from(`{"data":[{"b64_json":"${'ab\\/'.repeat(2_000_000)}"}]}`)
  const startedAt = performance.now()
  expect(seenOf(new PictureCount(), bytes, [])).toEqual({ images: 1 })
  expect(performance.now() - startedAt).toBeLessThan(5_000)
})

it('the length of a recording is what the answer says, not what was said in it', () => {
  const told = { task: 'transcribe', duration: 8.5, text: '"duration": 99' }
  const bytes = Buffer.from(JSON.stringify(told))
  expect(seenOf(new RecordedLength(), bytes, [20, 40])).toEqual({ seconds: 8.5 })
  const said = Buffer.from(JSON.stringify({ text: '"duration": 99' }))
  expect(seenOf(new RecordedLength(), said, [])).toEqual({})
})
