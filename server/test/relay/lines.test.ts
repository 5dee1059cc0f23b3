import { describe, expect, it } from 'vitest'
import { Lines } from '../../src/relay/meter/lines.ts'

const LIMITS = { bytes: 1_000, lineBytes: 100 }

/** What is read of a file that comes in these pieces. */
function read(pieces: readonly Buffer[], limits = LIMITS) {
  const found: string[] = []
  const lines = new Lines(limits, (line, number) => found.push(`${number} ${line}`))
  for (const piece of pieces) lines.chunk(piece)
  lines.end()
  return { found, failure: lines.failure, complete: lines.complete }
}

describe('the lines of a file', () => {
  it('are the same wherever its bytes are cut', () => {
    const file = Buffer.from('one\r\n\n  \ntw\u00f6\nthree')
    const expected = ['1 one\r', '4 tw\u00f6', '5 three']
    expect(read([file]).found).toEqual(expected)
    for (let cut = 0; cut <= file.length; cut++) {
      const pieces = [file.subarray(0, cut), file.subarray(cut)]
      expect(read(pieces).found).toEqual(expected)
    }
    expect(read([...file].map((byte) => Buffer.from([byte]))).found).toEqual(expected)
  })

  it('end where one is too long, all are, or their reader throws', () => {
    const long = read([Buffer.from('a\n'), Buffer.alloc(101, 'b'), Buffer.from('\nc\n')])
    expect(long).toMatchObject({ found: ['1 a'], complete: true })
    expect(String(long.failure)).toContain('line 2 is too long')
    const pieces = Array.from({ length: 20 }, () => Buffer.from(`${'x'.repeat(60)}\n`))
    expect(String(read(pieces).failure)).toContain('too long')
    const failing = new Lines(LIMITS, () => {
      throw new Error('no')
    })
    failing.chunk(Buffer.from('a\nb\n'))
    expect([failing.complete, String(failing.failure)]).toEqual([true, 'Error: no'])
  })
})
