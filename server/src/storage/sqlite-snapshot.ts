import type { Snapshot } from './snapshot.ts'
import { openForReading, resultCode } from './sqlite-open.ts'

/** Looks at a file, which others may write to meanwhile. */
export async function withSqliteSnapshot<T>(
  file: string,
  look: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const database = openForReading(file)
  try {
    database.exec('begin')
    return await look({
      async rows(sql) {
        const statement = database.prepare(sql)
        statement.setReadBigInts(true)
        return statement.iterate()
      },
      async damages(most) {
        const found = database.prepare(`pragma integrity_check(${most})`).all()
        return found.map((row) => String(row.integrity_check)).filter((said) => said !== 'ok')
      },
      isDamage: (failure) => resultCode(failure) !== 0,
      dialect: 'sqlite',
      // Walking the table in the order of an index fetches each page many times, and takes five times as long.
      wholeUsage: 'usage not indexed',
    })
  } finally {
    database.close()
  }
}
