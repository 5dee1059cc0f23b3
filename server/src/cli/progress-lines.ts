import type { Progress } from '../storage/transfer/transfer.ts'
import type { Terminal } from './terminal.ts'

/** A table that takes long is heard of so often. */
const EVERY_MS = 3_000

/** Says how far a migration is: each table when it is done, and a large one now and then. */
export function createProgressLines(
  terminal: Terminal,
  now: () => number,
): (progress: Progress) => void {
  let saidAt = now()
  return ({ table, rows, of, part }) => {
    if (rows < of && now() - saidAt < EVERY_MS) return
    saidAt = now()
    const percent = `${Math.floor(part * 100)} %`.padStart(5)
    terminal.complain(`${percent}  ${table.padEnd(14)} ${rows} of ${of} rows`)
  }
}
