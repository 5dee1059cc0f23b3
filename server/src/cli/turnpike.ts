import { runProgram } from './run.ts'

process.exit(
  await runProgram(process.argv.slice(2), {
    environment: process.env,
    folder: process.cwd(),
    say: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
  }),
)
