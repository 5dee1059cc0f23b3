/**
 * Prints how long our files and functions are and how much of them is comment, so that drift is seen.
 * It judges nothing: the linter holds the limits.
 */
import { type Measured, measure } from './measure.ts'
import { sources } from './sources.ts'

const files = sources().map(({ path, text }) => measure(path, text))
const isTest = ({ path }: Measured) => /\.test\.ts$|\/test\//.test(path)
const tests = files.filter(isTest)
const product = files.filter((file) => !isTest(file))
const distributions: Readonly<Record<string, readonly number[]>> = {
  'source files': product.map(({ lines }) => lines),
  'source functions': product.flatMap(({ functions }) => functions),
  'test files': tests.map(({ lines }) => lines),
}

console.log('lines                count  median     p90     max')
for (const [name, values] of Object.entries(distributions)) console.log(row(name, values))

const total = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0)
const sourceLines = total(product.map(({ lines }) => lines))
const commentLines = total(product.map((file) => file.commentLines))
const share = sourceLines === 0 ? 0 : (100 * commentLines) / sourceLines
console.log(`\n${sourceLines} source lines, ${share.toFixed(0)} % of them comment`)

console.log('\nlargest source files, with their longest function')
for (const file of product.toSorted((a, b) => b.lines - a.lines).slice(0, 10)) {
  const longest = Math.max(0, ...file.functions)
  console.log(`${String(file.lines).padStart(5)} ${String(longest).padStart(4)}  ${file.path}`)
}

/** One line of the table. Percentiles are values that occur, never means of two. */
function row(name: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]
  const numbers = [sorted.length, at(0.5), at(0.9), sorted.at(-1)]
  return name.padEnd(18) + numbers.map((value) => String(value ?? '-').padStart(8)).join('')
}
