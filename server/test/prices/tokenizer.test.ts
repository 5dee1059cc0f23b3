import fc from 'fast-check'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, describe, expect, test } from 'vitest'
import { boundedRuns } from '../../src/prices/bounded-runs.ts'
import { countChat, mayHoldAudio, quickBound } from '../../src/prices/chat-tokens.ts'
import { createTokenizer, roughTokens } from '../../src/prices/tokenizer.ts'

const tokenizer = createTokenizer()
afterAll(() => tokenizer.close())

const prose =
  'The quick brown fox jumps over the lazy dog, 42 times; then it "rests". \u4f60\u597d\uff0c\u4e16\u754c\u3002 \u{1f600}\n'

describe('the tokenizer', () => {
  test('counts as the library does', async () => {
    const texts = ['hello world', prose, prose.repeat(2_000), '', '{"a":[1,2,3],"b":null}']
    const expected = texts.map((text) => countTokens(text))
    expect(await Promise.all(texts.map((text) => tokenizer.count([text])))).toEqual(expected)
    expect(await tokenizer.count(texts)).toBe(expected.reduce((sum, one) => sum + one, 0))
  })

  test('takes the names of control tokens for text', async () => {
    expect(await tokenizer.count(['<|endoftext|>'])).toBe(7)
  })

  // Each of these takes the library alone minutes to hours.
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const random = (alphabet: string) => {
    const signs = [...alphabet]
    let seed = 7
    return Array.from({ length: 300_000 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return signs[Math.floor((seed / 2 ** 31) * signs.length)]
    }).join('')
  }
  test.each([
    ['one letter', 'a'.repeat(1_000_000)],
    ['blanks', ' '.repeat(1_000_000)],
    ['line ends', '\r\n'.repeat(500_000)],
    ['random letters', random(letters)],
    ['random signs', random('.-=_*\u2026\u2014')],
    ['combining marks', random('e\u0301\u0302')],
    ['emoji', '\u{1f600}'.repeat(150_000)],
    ['ideographs', random('\u7684\u4e00\u662f\u4e0d\u4e86\u4eba')],
    ['halves of characters', '\ud83d'.repeat(300_000)],
  ])('is done with %s in seconds', async (_, text) => {
    const startedAt = performance.now()
    expect(await tokenizer.count([text])).toBeGreaterThan(0)
    expect(performance.now() - startedAt).toBeLessThan(20_000)
  })

  test('cuts nothing but absurd runs, and loses no character', () => {
    expect(boundedRuns(prose.repeat(100))).toHaveLength(1)
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.constant('\u{1f600}'.repeat(300)),
            fc.constant('-'.repeat(500)),
          ),
        ),
        (parts) => {
          const text = parts.join('')
          const pieces = boundedRuns(text)
          expect(pieces.join('')).toBe(text)
          for (const piece of pieces.slice(1)) expect(piece).not.toMatch(/^[\udc00-\udfff]/)
        },
      ),
    )
  })

  test('estimates instead of letting more wait than it can hold', async () => {
    const flooded = createTokenizer()
    const text = prose.repeat(100_000)
    const first = flooded.count([text])
    const texts = [text, text, text]
    expect(await flooded.count(texts)).toBe(roughTokens(texts))
    await flooded.close()
    expect(await first).toBe(roughTokens([text]))
  })
})

describe('a tokenizer whose thread dies', () => {
  test('estimates, and tries another thread for the next text', async () => {
    const dying = createTokenizer(new URL('data:text/javascript,throw new Error("no vocabulary")'))
    expect(await Promise.all([dying.count([prose]), dying.count(['abcdefgh'])])).toEqual([
      roughTokens([prose]),
      2,
    ])
    expect(await dying.count(['abcd'])).toBe(1)
    await dying.close()
  })
})

describe('the input of a chat', () => {
  const image = {
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${'A'.repeat(400_000)}` },
  }
  const text = { type: 'text', text: 'What is on it?' }
  const bodyOf = (...content: object[]) => ({
    model: 'gpt-4o',
    messages: [{ role: 'user', content }],
  })
  const bytesOf = (body: object) => Buffer.byteLength(JSON.stringify(body))

  test('is at most its bytes', async () => {
    const body = {
      model: 'gpt-4o',
      messages: [{ role: 'user', content: prose.repeat(20) }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    }
    const counted = await countChat(body, 'gpt-4o', tokenizer.count)
    expect(quickBound(body, bytesOf(body), 'gpt-4o')).toBe(bytesOf(body))
    expect(counted.most).toBe(counted.tokens)
    expect(counted.most).toBeLessThan(bytesOf(body))
    expect(counted.tokens).toBeGreaterThan(countTokens(prose.repeat(20)))
  })

  test('counts a picture as a picture, not as the text of its bytes', async () => {
    const body = bodyOf(text, image)
    expect(quickBound(body, bytesOf(body), 'gpt-4o')).toBeLessThan(6_000)
    const counted = await countChat(body, 'gpt-4o', tokenizer.count)
    expect(counted.tokens).toBeGreaterThan(765)
    expect(counted.most).toBeLessThan(6_000)
    const linked = bodyOf(text, { type: 'image_url', image_url: { url: 'https://e.com/a.png' } })
    expect(quickBound(linked, bytesOf(linked), 'gpt-4o-mini')).toBeGreaterThan(48_169)
  })

  test('leaves room for vocabularies that are not the one we count with', async () => {
    const body = { messages: [{ role: 'user', content: prose }] }
    const counted = await countChat(body, 'claude-sonnet-4-5', tokenizer.count)
    expect(counted.most).toBeGreaterThan(counted.tokens * 1.3)
  })

  test('does not stumble over what is not a chat', async () => {
    for (const body of [
      {},
      { messages: null },
      { messages: [null, 1, 'x', [], { content: 7 }, { content: [null, 'a', { image_url: 3 }] }] },
    ]) {
      expect((await countChat(body, 'm', tokenizer.count)).tokens).toBeGreaterThan(0)
      expect(quickBound(body, 100, 'm')).toBe(100)
    }
  })

  test('may hold audio when audio is in it or asked for', () => {
    expect(mayHoldAudio(bodyOf(text))).toBe(false)
    expect(
      mayHoldAudio(bodyOf({ type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } })),
    ).toBe(true)
    expect(mayHoldAudio({ modalities: ['text', 'audio'], messages: [] })).toBe(true)
  })
})
