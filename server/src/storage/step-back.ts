import { access, readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { basename } from 'node:path'

/** Nine times less of a core than others who want it, and only then. */
const NICENESS = 10

/**
 * Has the thread that calls this let others go first where cores are few: calls wait for no list. Only Linux knows
 * priorities of single threads, by the number that it gives them.
 */
export function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    // The process's threads for files and names are made when they are first needed, as slow as who needs them: so now.
    access('/proc', () => undefined)
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS)
  } catch {
    // Without /proc, or where it is forbidden, it works as it did.
  }
}
