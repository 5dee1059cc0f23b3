import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { refusals } from '../../server/src/errors.ts'
import { BECAUSE_WORDS } from '../../server/src/keys/because.ts'

const FOLDER = join(import.meta.dirname, '../src/languages')

/** Every text of a file, by its path: `keys.title`. */
function textsOf(file: string): Map<string, string> {
  const texts = new Map<string, string>()
  const collect = (value: object, path: string) => {
    for (const [name, inside] of Object.entries(value)) {
      if (typeof inside === 'string') texts.set(path + name, inside)
      else collect(inside, `${path}${name}.`)
    }
  }
  collect(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')), '')
  return texts
}

const placeholders = (text: string | undefined): string[] =>
  text?.match(/\{\{.*?\}\}/g)?.sort() ?? []

const english = textsOf('en.json')

it.each(readdirSync(FOLDER).filter((file) => file !== 'en.json'))(
  '%s has the texts of en.json, with the same placeholders, and no others',
  (file) => {
    const texts = textsOf(file)
    expect([...texts.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [key, text] of texts) {
      expect(text, key).not.toBe('')
      expect(placeholders(text), key).toEqual(placeholders(english.get(key)))
    }
  },
)

it("every code of docs/errors.md is said in people's words", () => {
  for (const code of Object.keys(refusals)) expect([...english.keys()]).toContain(`errors.${code}`)
})

it('every reason that the check of a key can give has a text', () => {
  const texts = [...english.keys()]
  for (const word of BECAUSE_WORDS) {
    const text = new RegExp(`^keys\\.check\\.because\\.${word}(\\.\\w+|_(zero|one|other))?$`)
    expect(
      texts.filter((key) => text.test(key)),
      word,
    ).not.toEqual([])
  }
})
