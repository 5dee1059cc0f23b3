import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine } from '../../src/usage/csv.ts'

test('a cell that a spreadsheet would run is disarmed', () => {
  const cells = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', 'a=1', '']
  expect(csvLine(cells)).toBe(`'=1+1,'+1,'-1,'@SUM(A1),'\t=1,"'\r=1", =1,a=1,\r\n`)
})

test('commas, quotes and line ends stay inside their cell', () => {
  expect(csvLine(['a,b', 'say "hi"', 'two\nlines', 7, true])).toBe(
    '"a,b","say ""hi""","two\nlines",7,true\r\n',
  )
})

/** RFC 4180, read cell by cell. */
function readLine(line: string): string[] {
  const cells: string[] = []
  for (let left = line; left !== ''; ) {
    const quoted = /^"((?:[^"]|"")*)"(?:,|\r\n$)/.exec(left)
    const [whole, cell] = quoted ?? /^([^",\r\n]*)(?:,|\r\n$)/.exec(left) ?? []
    if (whole === undefined || cell === undefined) throw new Error(`not CSV: ${left}`)
    cells.push(quoted ? cell.replaceAll('""', '"') : cell)
    left = left.slice(whole.length)
  }
  return cells
}

test('whatever is in a cell comes back out of it', () => {
  const texts = fc.array(
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '=', ' ') }),
    { minLength: 2, maxLength: 5 },
  )
  fc.assert(
    fc.property(texts, (cells) => {
      const read = readLine(csvLine([...cells, 'end']))
      expect(read.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, ''))).toEqual([...cells, 'end'])
    }),
  )
})
