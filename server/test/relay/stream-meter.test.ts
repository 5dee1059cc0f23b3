import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openai } from '../../src/dialects/openai.ts'
import { StreamMeter } from '../../src/relay/meter/stream.ts'
import { delta, event, finish, report } from './rig.ts'

/** Sends the bytes in pieces; what went out at once, what was held, and the meter. */
function metered(bytes: Buffer, cuts: readonly number[], hideUsage: boolean) {
  const sent: Buffer[] = []
  const outlet = { begun: false, write: (piece: Buffer) => sent.push(piece) > 0 }
  const { readUsage } = openai
  const meter = new StreamMeter(outlet, { choices: 1, hideUsage, readUsage, scrub: (text) => text })
  let from = 0
  for (const cut of [
    ...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ]) {
    if (cut > from) meter.chunk(Buffer.from(bytes.subarray(from, cut)))
    from = Math.max(from, cut)
  }
  const whole = meter.end()
  const out = Buffer.concat(sent)
  return { meter, whole, out, all: Buffer.concat([out, ...meter.held()]).toString() }
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })
const words = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 })
const breaks = fc.constantFrom('\n', '\r\n')

describe('a metered stream', () => {
  it('passes every byte, however it was cut and whatever it says', () => {
    fc.assert(
      fc.property(words, cuts, breaks, (said, at, lineBreak) => {
        const text = [
          ...said.map((word) => delta(word)),
          ': ping\n\n',
          finish(),
          report,
          event('[DONE]'),
        ].join('')
        const bytes = Buffer.from(text.replaceAll('\n', lineBreak))
        const { all, meter, whole } = metered(bytes, at, false)
        expect(all).toBe(bytes.toString())
        expect(whole).toBe(true)
        expect(meter.reported()).toMatchObject({ prompt: 9, completion: 3 })
      }),
    )
  })

  it('takes out what we asked for and nothing else, however it was cut', () => {
    fc.assert(
      fc.property(words, cuts, breaks, (said, at, lineBreak) => {
        const from = [
          ...said.map((word) => delta(word, { usage: null })),
          finish({ usage: null }),
          report,
          event('[DONE]'),
        ]
        const to = [...said.map((word) => delta(word)), finish(), event('[DONE]')]
        const sent = Buffer.from(from.join('').replaceAll('\n', lineBreak))
        expect(metered(sent, at, true).all).toBe(to.join('').replaceAll('\n', lineBreak))
      }),
    )
  })

  it('holds the completion signal and all behind it, however it was cut', () => {
    fc.assert(
      fc.property(words, cuts, (said, at) => {
        const before = said.map((word) => delta(word)).join('')
        const bytes = Buffer.from(before + finish() + report + event('[DONE]'))
        expect(metered(bytes, at, false).out.toString()).toBe(before)
      }),
    )
  })

  it('remembers what was written for counting, and of endless streams only a part and their length', () => {
    const few = metered(Buffer.from(delta('né') + delta('e "x"')), [], false).meter.produced()
    expect(few).toEqual({ texts: ['née "x"'], share: 1 })
    const many = metered(
      Buffer.from(delta('word '.repeat(100)).repeat(2_000)),
      [],
      false,
    ).meter.produced()
    expect(many.texts.join('').length).toBeLessThan(200_000)
    expect(many.texts.join('').length / many.share).toBeCloseTo(1_000_000, -1)
  })

  it('never passes half an event on', () => {
    const { all, whole } = metered(Buffer.from(`${delta('x')}data: {"id":"c","choi`), [], false)
    expect(all).toBe(delta('x'))
    expect(whole).toBe(false)
  })
})
