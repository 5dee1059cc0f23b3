import { enableCompileCache } from 'node:module'
import { whyNotNode } from './cli/program.ts'

// Before anything large is loaded: an old Node can't read it, and a compiled copy makes the next start faster.
const wrong = whyNotNode(process.versions.node)
if (wrong !== undefined) {
  process.stderr.write(`${wrong}\n`)
  process.exit(1)
}
enableCompileCache()
const { runProgram } = await import('./cli/run.ts')
process.exit(
  await runProgram(['start', ...process.argv.slice(2)], {
    environment: process.env,
    folder: process.cwd(),
    say: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
  }),
)
