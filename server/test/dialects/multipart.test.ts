import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formBoundary, readForm } from '../../src/dialects/forms.ts'
import { boundaryOf, partsOf } from '../../src/dialects/multipart.ts'
import { Refused } from '../../src/errors.ts'

const BOUNDARY = 'x-boundary'
const JUDGED = ['model', 'prompt', 'stream', 'n']
const CRLF = '\r\n'

const part = (disposition: string, content = 'a', more: readonly string[] = []) =>
  [
    `--${BOUNDARY}`,
    `Content-Disposition: form-data; ${disposition}`,
    ...more,
    '',
    content,
    '',
  ].join(CRLF)
const form = (...parts: readonly string[]) =>
  Buffer.from(`${parts.join('')}--${BOUNDARY}--${CRLF}`, 'latin1')
const read = (...parts: readonly string[]) =>
  readForm({ payload: form(...parts), boundary: BOUNDARY }, JUDGED)
const model = part('name="model"', 'gpt')

/** What it is refused with. */
function refusalOf(act: () => unknown): string {
  try {
    act()
  } catch (failure) {
    expect(failure).toBeInstanceOf(Refused)
    expect((failure as Refused).code).toBe('invalid_request')
    return (failure as Refused).message
  }
  return 'taken'
}

describe('a form', () => {
  it('is read as its clients write it', () => {
    const file = part('name="file"; filename="C:\\audio\\q; name=x.mp3"', '\x00\xff--x', [
      'Content-Type: audio/mpeg',
      'Content-Length: 5',
    ])
    const { body, spans, files, fileBytes } = read(
      file,
      part('name=model; filename*=utf-8', 'gpt').replace('; filename*=utf-8', ''),
      part('name="stream"', 'true', ['Content-Type: text/plain; charset=utf-8']),
      part('name="n"', '3'),
      part('name="include[]"', 'logprobs'),
      part('name="include[]"', 'other'),
    )
    expect(body()).toEqual({ model: 'gpt', stream: true, n: 3 })
    expect([files, fileBytes]).toEqual([1, 5])
    expect(spans.get('model')).toBeDefined()
  })

  it('may be empty in places', () => {
    expect(read().body()).toEqual({})
    expect(read(part('name="prompt"', '')).body()).toEqual({ prompt: '' })
  })

  const bad: Record<string, readonly string[]> = {
    'model twice': [model, model],
    'model in other letters': [part('name="Model"')],
    'model as a list': [part('name="model[]"')],
    'model as a file': [part('name="model"; filename="a"')],
    'model as a file with an encoded name': [part(`name="model"; filename*=utf-8''a`)],
    'a name twice in one header': [part('name="file"; name="model"')],
    'an encoded name': [part(`name*=utf-8''model`)],
    'an encoded name beside a plain one': [part(`name="file"; name*=utf-8''model`)],
    'an escaped quote in a name': [part('name="mo\\"del"')],
    'an escaped quote in a file name': [part('name="file"; filename="a\\"; name=\\"model"')],
    'a percent sign in a name': [part('name="%6dodel"')],
    'a blank in a name': [part('name="model "')],
    'no name': [part('filename="a"')],
    'a name that does not end': [part('name="model')],
    'text behind a parameter': [part('name="model" x')],
    'two dispositions': [
      part('name="file"', 'a', ['Content-Disposition: form-data; name="model"']),
    ],
    'a folded header': [part('name="file"', 'a', [' ; name="model"'])],
    'a header without a colon': [part('name="file"', 'a', ['nonsense'])],
    'a blank before the colon': [part('name="file"', 'a', ['X-A : b'])],
    'a line feed in a file name': [part('name="file"; filename="a\nb"')],
    'a return in a file name': [part('name="file"; filename="a\rb"')],
    'a zero in a file name': [part('name="file"; filename="a\0b"')],
    'an encoding of transfer': [
      part('name="model"', 'YQ==', ['Content-Transfer-Encoding: base64']),
    ],
    'another charset': [part('name="model"', 'a', ['Content-Type: text/plain; charset=utf-16'])],
    'another charset behind a false one': [
      part('name="model"', 'a', ['Content-Type: text/plain; a=";charset=utf-8"; charset=utf-16']),
    ],
    'a charset for all': [part('name="_charset_"', 'utf-16')],
    'a length that is not': [part('name="file"', 'abc', ['Content-Length: 1'])],
    'a head that is too long': [part('name="file"', 'a', [`X-A: ${'a'.repeat(9_000)}`])],
    'too many parts': Array.from({ length: 300 }, (_, at) => part(`name="a${at}"`)),
    'a boundary within a part': [part('name="file"', `a--${BOUNDARY}--b`)],
    'a boundary behind a line feed': [part('name="file"', `a\n--${BOUNDARY}${CRLF}b`)],
    'a boundary that goes on': [part('name="file"', `a${CRLF}--${BOUNDARY}x${CRLF}b`)],
    'a padded boundary': [part('name="file"', `a${CRLF}--${BOUNDARY} ${CRLF}b`)],
    'text before it': ['preamble\r\n', model],
    'a model of two lines': [part('name="model"', 'gpt\nx')],
    'a model that is no UTF-8': [part('name="model"', '\xff')],
  }
  for (const [what, parts] of Object.entries(bad)) {
    it(`is refused with ${what}`, () => {
      expect(refusalOf(() => read(...parts).body())).not.toBe('taken')
    })
  }

  it('is refused cut off anywhere, and with anything behind it', () => {
    const whole = form(model, part('name="file"; filename="a"', 'abc'))
    for (let end = 0; end < whole.length - CRLF.length; end++) {
      expect(
        refusalOf(() => partsOf({ payload: whole.subarray(0, end), boundary: BOUNDARY })),
        String(end),
      ).not.toBe('taken')
    }
    expect(partsOf({ payload: whole.subarray(0, -CRLF.length), boundary: BOUNDARY })).toHaveLength(
      2,
    )
    const more = Buffer.concat([whole, form(model)])
    expect(refusalOf(() => partsOf({ payload: more, boundary: BOUNDARY }))).toContain(
      'follows its last boundary',
    )
  })

  it('names its boundary once, in a content-type that comes once', () => {
    const of = (type: string) => refusalOf(() => boundaryOf(type))
    expect(boundaryOf('multipart/form-data; boundary=----WebKit_=a')).toBe('----WebKit_=a')
    expect(boundaryOf('Multipart/Form-Data;charset=utf-8; boundary="a b:c"')).toBe('a b:c')
    for (const bad of [
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'multipart/form-data; boundary=""',
      'multipart/form-data; boundary="a "',
      'multipart/form-data; boundary=a; boundary=b',
      'multipart/form-data; boundary=a; Boundary=b',
      'multipart/form-data; boundary*=a',
      'multipart/form-data; boundary*0=a; boundary*1=b',
      'multipart/form-data; boundary=a; charset=utf-16',
      'multipart/form-data; boundary="a\\"b"',
      'multipart/form-data, boundary=a',
      `multipart/form-data; boundary=${'a'.repeat(71)}`,
    ]) {
      expect(of(bad), bad).not.toBe('taken')
    }
    const twice = ['Content-Type', 'multipart/form-data; boundary=a', 'content-type', 'text/plain']
    expect(refusalOf(() => formBoundary(twice))).toContain('one content-type')
    const urlencoded = ['Content-Type', 'application/x-www-form-urlencoded']
    expect(refusalOf(() => formBoundary(urlencoded))).toContain('multipart/form-data')
  })
})

describe('whatever comes', () => {
  const piece = fc.constantFrom(
    ...[
      `--${BOUNDARY}`,
      '--',
      CRLF,
      '\n',
      '\r',
      'Content-Disposition: form-data',
      '; name="model"',
    ],
    ...['; name=', '"', '\\', '; filename="a"', ': ', 'Content-Type: text/plain', 'gpt', '\0', ' '],
    ...[`${CRLF}--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="model"${CRLF}${CRLF}`],
    `${CRLF}--${BOUNDARY}--${CRLF}`,
  )

  it('it is read, or refused', () => {
    const nonsense = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((all) => Buffer.from(all.join(''), 'latin1')),
      fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all)),
    )
    fc.assert(
      fc.property(nonsense, (body) => {
        refusalOf(() => readForm({ payload: body, boundary: BOUNDARY }, JUDGED).body())
      }),
      { numRuns: 2_000 },
    )
  })

  it('a boundary is read, or refused', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        refusalOf(() => formBoundary(['Content-Type', `multipart/form-data${text}`]))
      }),
      { numRuns: 2_000 },
    )
  })

  it('what is taken has the parts that another parser finds', async () => {
    const name = fc.stringMatching(/^[a-z][a-z_]{0,8}(\[\])?$/)
    const content = fc.oneof(
      fc.array(piece, { maxLength: 6 }).map((all) => Buffer.from(all.join(''), 'latin1')),
      fc.uint8Array({ maxLength: 100 }).map((all) => Buffer.from(all)),
    )
    const entry = fc.record({ name, content, isFile: fc.boolean() })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 6 }), async (entries) => {
        const body = Buffer.concat([
          ...entries.flatMap((one) => [
            Buffer.from(`--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="${one.name}"`),
            Buffer.from(one.isFile ? '; filename="a"' : ''),
            Buffer.from(`${CRLF}${CRLF}`),
            one.content,
            Buffer.from(CRLF),
          ]),
          Buffer.from(`--${BOUNDARY}--${CRLF}`),
        ])
        let ours: ReturnType<typeof partsOf>
        try {
          ours = partsOf({ payload: body, boundary: BOUNDARY })
        } catch (failure) {
          expect(failure).toBeInstanceOf(Refused)
          return
        }
        taken++
        const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
        const theirs = await new Response(body, { headers }).formData()
        const found = [...theirs].map(async ([found, value]) => ({
          name: found,
          isFile: typeof value !== 'string',
          bytes: typeof value === 'string' ? value : Buffer.from(await value.arrayBuffer()),
        }))
        expect(
          ours.map(({ name: known, isFile, start, end }) => {
            const bytes = body.subarray(start, end)
            const text = () => new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes)
            return { name: known, isFile, bytes: isFile ? Buffer.from(bytes) : text() }
          }),
        ).toEqual(await Promise.all(found))
      }),
      { numRuns: 500 },
    )
    expect(taken).toBeGreaterThan(100)
  })
})
