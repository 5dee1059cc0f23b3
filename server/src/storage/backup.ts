import { backup } from 'node:sqlite'
import { openForReading } from './sqlite-open.ts'

/**
 * Copies a database as it is at one moment, also while a gateway writes to it. The open read holds that moment fast:
 * without it every commit would begin the copy anew, and under load it would never end.
 */
export async function backupDatabase(file: string, target: string): Promise<void> {
  const database = openForReading(file)
  try {
    database.exec('begin')
    database.prepare('select value from meta').all()
    await backup(database, target)
    database.exec('commit')
  } finally {
    database.close()
  }
}
