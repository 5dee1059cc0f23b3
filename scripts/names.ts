/**
 * Refuses names that say nothing: every one of these words could stand for any other thing in the code.
 * Only what we declare is judged; a property may carry the wire's own word, such as `data`.
 */
import { basename } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { sources } from './sources.ts'

const emptyWords = /^(manager|service|helper|util|common|misc|data|info)s?$/
/** As part of a longer name these say something (`handleUpgrade`), alone they do not. */
const bareVerbs = new Set(['handle', 'process'])

function isEmptyName(name: string): boolean {
  const words = name.split(/(?<=[a-z0-9])(?=[A-Z])|[-_.]/).map((word) => word.toLowerCase())
  return words.some((word) => emptyWords.test(word)) || bareVerbs.has(name)
}

/** The names that a file declares, with the offset of each. Destructured ones are the other side's words. */
function declaredNames(path: string, text: string) {
  const names: { name: string; offset: number }[] = []
  const note = (node: object | null | undefined) => {
    const { name, start } = (node ?? {}) as { name?: unknown; start?: number }
    if (typeof name === 'string') names.push({ name, offset: start ?? 0 })
  }
  const noteFunction = ({ id, params }: { id?: object | null; params: readonly object[] }) => {
    note(id)
    params.forEach(note)
  }
  new Visitor({
    VariableDeclarator: ({ id }) => note(id),
    FunctionDeclaration: noteFunction,
    FunctionExpression: noteFunction,
    ArrowFunctionExpression: noteFunction,
    ClassDeclaration: ({ id }) => note(id),
    TSInterfaceDeclaration: ({ id }) => note(id),
    TSTypeAliasDeclaration: ({ id }) => note(id),
  }).visit(parseSync(path, text).program)
  return names
}

for (const { path, text } of sources()) {
  if (isEmptyName(basename(path))) report(`${path}: the file's name says nothing`)
  for (const { name, offset } of declaredNames(path, text)) {
    const line = text.slice(0, offset).split('\n').length
    if (isEmptyName(name)) report(`${path}:${line}: \`${name}\` says nothing; name the thing it is`)
  }
}

function report(finding: string) {
  console.error(finding)
  process.exitCode = 1
}
