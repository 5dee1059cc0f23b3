import { parseSync, Visitor } from 'oxc-parser'

/** What one file weighs. */
export interface Measured {
  readonly path: string
  readonly lines: number
  /** Lines that belong to a comment and hold no code before it. */
  readonly commentLines: number
  /** Length of each function with a body in braces, nested ones counted in their outer ones too. */
  readonly functions: readonly number[]
}

/** Measures a file by its syntax tree: a brace in a string must not look like a function. */
export function measure(path: string, text: string): Measured {
  const { program, comments } = parseSync(path, text)
  const lines = text.split('\n')
  const lineAt = lineNumbers(text)
  const functions: number[] = []
  const countFunction = (node: { readonly start: number; readonly end: number }) => {
    functions.push(lineAt(node.end) - lineAt(node.start) + 1)
  }
  new Visitor({
    FunctionDeclaration: countFunction,
    FunctionExpression: countFunction,
    ArrowFunctionExpression: (node) => {
      if (node.body.type === 'BlockStatement') countFunction(node)
    },
  }).visit(program)

  const commented = new Set<number>()
  for (const { start, end } of comments) {
    for (let line = lineAt(start); line <= lineAt(end); line += 1) {
      if (/^\s*(\/\/|\/?\*)/.test(lines[line] ?? '')) commented.add(line)
    }
  }
  return { path, lines: lines.length - 1, commentLines: commented.size, functions }
}

/** Turns offsets into line numbers, from 0, by bisection. */
function lineNumbers(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
  return (offset) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ends[middle] ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
