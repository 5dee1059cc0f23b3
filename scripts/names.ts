/**
 * Refuses names whose noun says nothing: a manager, a helper or data could be any other thing in the code.
 * Only what we declare is judged. A property may carry the wire's own word, such as `data`, and so may the variable
 * that becomes that property under its own name.
 */
import { basename } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { sources } from './sources.ts'

const emptyWords = /^(manager|service|helper|util|common|misc|data|info)s?$/
/** As part of a longer name these say something (`handleUpgrade`), alone they do not. */
const bareVerbs = new Set(['handle', 'process'])

function hasEmptyNoun(name: string): boolean {
  const words = name.split(/(?<=[a-z0-9])(?=[A-Z])|[-_]/).map((word) => word.toLowerCase())
  // The last word is the noun: a `dataFolder` is a folder, `folderData` may be anything.
  return emptyWords.test(words.at(-1) ?? '')
}

/** The names that a file declares and that say nothing, with the offset of each. */
function emptyNames(path: string, text: string) {
  const found: { name: string; offset: number }[] = []
  const wireWords = new Set<string>()
  const judge = (node: object | null | undefined, isEmpty: (name: string) => boolean) => {
    const { name, start } = (node ?? {}) as { name?: unknown; start?: number }
    if (typeof name === 'string' && isEmpty(name)) found.push({ name, offset: start ?? 0 })
  }
  const judgeNoun = ({ id }: { readonly id: object | null }) => judge(id, hasEmptyNoun)
  const judgeFunction = (node: { id?: object | null; params: readonly object[] }) => {
    judge(node.id, (name) => hasEmptyNoun(name) || bareVerbs.has(name))
    for (const parameter of node.params) judge(parameter, hasEmptyNoun)
  }
  new Visitor({
    VariableDeclarator: judgeNoun,
    FunctionDeclaration: judgeFunction,
    FunctionExpression: judgeFunction,
    ArrowFunctionExpression: judgeFunction,
    ClassDeclaration: judgeNoun,
    TSInterfaceDeclaration: judgeNoun,
    TSTypeAliasDeclaration: judgeNoun,
    Property: ({ shorthand, value }) => {
      if (shorthand && value.type === 'Identifier') wireWords.add(value.name)
    },
  }).visit(parseSync(path, text).program)
  return found.filter(({ name }) => !wireWords.has(name))
}

for (const { path, text } of sources()) {
  if (hasEmptyNoun(basename(path).replace(/\..*/, '')))
    report(`${path}: the file's name says nothing`)
  for (const { name, offset } of emptyNames(path, text)) {
    const line = text.slice(0, offset).split('\n').length
    report(`${path}:${line}: \`${name}\` says nothing; name the thing it is`)
  }
}

function report(finding: string) {
  console.error(finding)
  process.exitCode = 1
}
