#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { whyNotNode } from './program.ts'

const wrong = whyNotNode(process.versions.node)
if (wrong !== undefined) {
  process.stderr.write(`${wrong}\n`)
  process.exit(1)
}
enableCompileCache()
const { runProgram } = await import('./run.ts')
process.exit(
  await runProgram(process.argv.slice(2), {
    environment: process.env,
    folder: process.cwd(),
    say: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
  }),
)
