import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, runDoctor } from '../../src/ledger/doctor.ts'

/** The database in a data folder. */
export function databaseIn(dataFolder: string): string {
  const file = readdirSync(dataFolder).find((name) => /\.(sqlite|db)$/.test(name))
  if (file === undefined) throw new Error(`no database among ${readdirSync(dataFolder)}`)
  return join(dataFolder, file)
}

/** What `turnpike doctor` finds wrong with the books of a data folder; also while a gateway runs. */
export async function findingsIn(dataFolder: string): Promise<readonly Finding[]> {
  return runDoctor(databaseIn(dataFolder))
}
