import { runDoctor } from '../ledger/doctor.ts'
import { presentFolder } from './own-store.ts'
import type { Typed } from './run.ts'
import { DONE, FAILED, type Terminal } from './terminal.ts'

/** Examines the database of a data folder. Reads only, so it may run beside a gateway. */
export async function doctor(terminal: Terminal, { options }: Typed): Promise<number> {
  const folder = presentFolder(terminal, options.data)
  return examine(terminal, folder.databaseFile)
}

/** Says what is wrong with the books in a file, one line each; the exit code. */
export async function examine(terminal: Terminal, file: string): Promise<number> {
  const findings = await runDoctor(file)
  for (const { subject, says } of findings) terminal.say(`${subject}: ${says}`)
  if (findings.length > 0) {
    terminal.complain(`${file}: ${findings.length} findings.`)
    return FAILED
  }
  terminal.say(`${file}: every balance equals its books.`)
  return DONE
}
