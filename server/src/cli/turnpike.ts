#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { whyNotNode } from './program.ts'

const wrong = whyNotNode(process.versions.node)
if (wrong !== undefined) {
  console.error(wrong)
  process.exit(1)
}
enableCompileCache()
const { runProgram } = await import('./run.ts')
process.exit(
  await runProgram(process.argv.slice(2), {
    environment: process.env,
    folder: process.cwd(),
    say: (text) => console.log(text),
    complain: (text) => console.error(text),
  }),
)
