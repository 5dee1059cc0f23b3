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

/** RFC 4180, read the plain way. */
function readLine(line: string): string[] {
  const cells: string[] = []
  let at = 0
  while (at < line.length - 1) {
    let cell = ''
    if (line[at] === '"') {
      for (at += 1; line[at] !== '"' || line[at + 1] === '"'; at++) {
        if (line[at] === '"') at += 1
        cell += line[at]
      }
      at += 1
    } else {
      while (line[at] !== ',' && line.slice(at, at + 2) !== '\r\n') cell += line[at++]
    }
    cells.push(cell)
    at += line[at] === ',' ? 1 : 2
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
