import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readForm } from '../../src/dialects/forms.ts'
import { type FormBytes, type Part, partsOf } from '../../src/dialects/multipart.ts'
import { Refused } from '../../src/errors.ts'
import { FormCutter } from '../../src/uploads/form-cutter.ts'

const CRLF = '\r\n'
const JUDGED = ['model', 'prompt']

/** A form that came in pieces of these lengths, over and over. */
function cut(body: Buffer, boundary: string, lengths: readonly number[] = [65_536]) {
  const left: Buffer[] = []
  const cutter = new FormCutter(boundary, (bytes) => left.push(Buffer.from(bytes)))
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const length = lengths[turn % lengths.length] as number
    cutter.push(body.subarray(at, at + length))
    at += length
  }
  return { ...cutter.end(), left: Buffer.concat(left), boundary }
}

/** The form again, with what was left out of it. */
function whole({ payload, gaps, left }: ReturnType<typeof cut>): Buffer {
  const pieces: Buffer[] = []
  let from = 0
  let taken = 0
  for (const { at, bytes } of gaps) {
    pieces.push(payload.subarray(from, at), left.subarray(taken, taken + bytes))
    from = at
    taken += bytes
  }
  return Buffer.concat([...pieces, payload.subarray(from)])
}

type Found = readonly Pick<Part, 'name' | 'isFile' | 'bytes'>[] | 'refused'

function found(form: FormBytes): Found {
  try {
    return partsOf(form).map(({ name, isFile, bytes }) => ({ name, isFile, bytes }))
  } catch (failure) {
    expect(failure).toBeInstanceOf(Refused)
    return 'refused'
  }
}

interface Written {
  readonly disposition: string
  readonly content: Buffer
}

const formOf = (boundary: string, parts: readonly Written[], end = CRLF): Buffer =>
  Buffer.concat([
    ...parts.flatMap(({ disposition, content }) => [
      Buffer.from(`--${boundary}${CRLF}Content-Disposition: form-data; ${disposition}`),
      Buffer.from(`${CRLF}${CRLF}`),
      content,
      Buffer.from(CRLF),
    ]),
    Buffer.from(`--${boundary}--${end}`),
  ])
const file = (bytes: number): Written => ({
  disposition: 'name="file"; filename="a.mp3"',
  content: Buffer.alloc(bytes, 'sound'),
})
const field = (name: string, text: string): Written => ({
  disposition: `name="${name}"`,
  content: Buffer.from(text),
})

describe('a long form', () => {
  it('keeps its fields, wherever they stand, and lets go of its files', () => {
    const body = formOf('b', [field('model', 'm'), file(3_000_000), field('prompt', 'a\r\n"b"')])
    const form = cut(body, 'b')
    expect(whole(form).equals(body)).toBe(true)
    expect(form.payload.length).toBeLessThan(16_000)
    const read = readForm(form, JUDGED)
    expect(read.body()).toEqual({ model: 'm', prompt: 'a\r\n"b"' })
    expect([read.files, read.fileBytes]).toEqual([1, 3_000_000])
    expect(read.textBytes).toBe(body.length - 3_000_000)
  })

  it('keeps fields of 100 KiB, and lets go of longer ones and of pictures that are written as text', () => {
    const long = 'x'.repeat(100 * 1024)
    const picture = `data:image/png;base64,${'A'.repeat(60_000)}`
    const body = formOf('b', [
      field('prompt', long),
      field('image', picture),
      field('model', 'm'),
      field('other', 'y'.repeat(300_000)),
    ])
    const form = cut(body, 'b')
    expect(form.gaps).toHaveLength(2)
    const read = readForm(form, JUDGED)
    expect(read.body()).toEqual({ prompt: long, model: 'm' })
    expect([read.files, read.fileBytes]).toEqual([1, picture.length])
  })

  it('is refused where something that is judged is too long to be kept', () => {
    const body = formOf('b', [field('prompt', 'x'.repeat(200 * 1024)), field('model', 'm')])
    const form = cut(body, 'b')
    expect(() => readForm(form, JUDGED)).toThrow('prompt is too long: it has 204800 bytes')
  })

  it('is refused while it comes when too much of it would have to be kept', () => {
    const fields = Array.from({ length: 30 }, (_, at) => field(`f${at}`, 'x'.repeat(100_000)))
    expect(() => cut(formOf('b', fields), 'b')).toThrow('the fields and headers of a form')
    const delimiters = Buffer.alloc(3_000_000, `--b${CRLF}`)
    expect(() => cut(delimiters, 'b')).toThrow('it has more than 256 parts')
  })

  it('has no boundary that only leaving out has made', () => {
    // Without what is left out, what stands before it and behind it would be one.
    const beginning = `--b0${CRLF}Content-Disposition: form-data; name="file"; filename="a"${CRLF}${CRLF}`
    const until = (length: number, text: string) => 'x'.repeat(length - text.length) + text
    const kept = until(9 * 1024 - beginning.length + 4, `${CRLF}--`)
    const body = Buffer.from(
      `${beginning}${kept}${'y'.repeat(50_000)}b0--b0${CRLF}Content-Disposition: form-data; name="model"${CRLF}${CRLF}m${CRLF}--b0--`,
    )
    const form = cut(body, 'b0')
    expect(form.payload.includes(`${CRLF}--b0--b0`)).toBe(true)
    expect([found(form), found({ payload: body, boundary: 'b0' })]).toEqual(['refused', 'refused'])

    const two = { payload: formOf('b0', [file(5), file(5)]), boundary: 'b0' }
    const inBoundary = two.payload.indexOf('--b0', 4) + 2
    expect(found(two)).toHaveLength(2)
    expect(found({ ...two, gaps: [{ at: inBoundary, bytes: 1 }] })).toBe('refused')
  })
})

describe('whatever comes, in whatever pieces', () => {
  const boundary = fc.constantFrom('x-boundary', '-', '--', 'aa', "a'b")
  const piece = (of: string) =>
    fc.constantFrom(
      ...[`--${of}`, of, '--', '-', CRLF, '\n', '\r', '"', 'data:', '\0'],
      ...[`${CRLF}--${of}`, `${CRLF}--${of}--${CRLF}`, `--${of}${CRLF}`],
      `${CRLF}--${of}${CRLF}Content-Disposition: form-data; name="model"${CRLF}${CRLF}`,
    )
  /** Long enough to be left out in part, with whatever may mislead at its ends. */
  const content = (of: string) => {
    const ends = fc.oneof(fc.constant([]), fc.array(piece(of), { maxLength: 3 }))
    return fc
      .tuple(ends, fc.nat({ max: 20_000 }), ends)
      .map(([before, length, behind]) =>
        Buffer.concat([
          Buffer.from(before.join('')),
          Buffer.alloc(length, 'z'),
          Buffer.from(behind.join('')),
        ]),
      )
  }
  const disposition = fc.constantFrom(
    ...['name="model"', 'name="file"; filename="a"', 'name="image[]"; filename="b"', 'name="x"'],
  )
  const form = boundary.chain((of) =>
    fc.record({
      of: fc.constant(of),
      parts: fc.array(fc.record({ disposition, content: content(of) }), {
        minLength: 1,
        maxLength: 4,
      }),
      end: fc.constantFrom(CRLF, '', CRLF, 'x', `${CRLF}${CRLF}`),
      lengths: fc.array(fc.integer({ min: 1, max: 7_000 }), { minLength: 1, maxLength: 5 }),
    }),
  )

  it('nothing is lost, and it has the same parts as before', () => {
    const counts = { taken: 0, withGaps: 0, refused: 0 }
    fc.assert(
      fc.property(form, ({ of, parts, end, lengths }) => {
        const body = formOf(of, parts, end)
        const cutForm = cut(body, of, lengths)
        expect(whole(cutForm).equals(body)).toBe(true)
        const here = found(cutForm)
        expect(here).toEqual(found({ payload: body, boundary: of }))
        if (here === 'refused') counts.refused++
        else counts.taken++
        if (here !== 'refused' && cutForm.gaps.length > 0) counts.withGaps++
      }),
      { numRuns: 1_500 },
    )
    expect(Math.min(counts.taken, counts.withGaps, counts.refused)).toBeGreaterThan(50)
  })
})
