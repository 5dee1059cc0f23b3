import { type Finding, runDoctor, runDoctorOn } from '../ledger/doctor.ts'
import { nameOf } from '../storage/postgres/name.ts'
import { databaseUrlOf, presentFolder } from './own-store.ts'
import type { Typed } from './run.ts'
import { DONE, FAILED, type Terminal } from './terminal.ts'

/** Examines the database of a data folder, or of DATABASE_URL. Reads only, so it may run beside a gateway. */
export async function doctor(terminal: Terminal, { options }: Typed): Promise<number> {
  const url = databaseUrlOf(terminal, options.data)
  if (url !== undefined) return report(terminal, nameOf(url), await runDoctorOn(url))
  const folder = presentFolder(terminal, options.data)
  return examine(terminal, folder.databaseFile)
}

/** Says what is wrong with the books in a file, one line each; the exit code. */
export async function examine(terminal: Terminal, file: string): Promise<number> {
  return report(terminal, file, await runDoctor(file))
}

function report(terminal: Terminal, named: string, findings: readonly Finding[]): number {
  for (const { subject, says } of findings) terminal.say(`${subject}: ${says}`)
  if (findings.length > 0) {
    terminal.complain(`${named}: ${findings.length} findings.`)
    return FAILED
  }
  terminal.say(`${named}: every balance equals its books.`)
  return DONE
}
