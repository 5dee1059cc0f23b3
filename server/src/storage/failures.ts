/** The disk refused a commit: full, unreadable, read-only. Nothing of it was written. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
  /** Whether trying again later may help: false once the store is closed or its thread is gone. */
  readonly passing: boolean
  constructor(reason: string, passing: boolean) {
    super(`the database can't be written: ${reason}`)
    this.passing = passing
  }
}

/** A row with these values exists already. `columns` as `account.username`. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation'
  readonly columns: readonly string[]
  constructor(columns: readonly string[]) {
    super(`already exists: ${columns.join(', ')}`)
    this.columns = columns
  }
}

/** The database was written by a newer version of this program, which may mean things we don't know. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema'
  readonly found: number
  readonly known: number
  constructor(path: string, found: number, known: number) {
    super(
      `${path} was written by a newer Turnpike (schema ${found}; this one knows up to ${known}). ` +
        'Start that version, or restore a backup made before the upgrade.',
    )
    this.found = found
    this.known = known
  }
}

/** The database can't be opened at all: no such folder, read-only, not a database. The message says what to do. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen'
  readonly reason: string
  constructor(path: string, reason: string, cause?: unknown) {
    super(`can't open the database ${path}: ${reason}`, { cause })
    this.reason = reason
  }
}

/** Another process owns the data folder; `owner` is what it wrote about itself, when that can be read. */
export class OwnedElsewhere extends Error {
  override readonly name = 'OwnedElsewhere'
  constructor(folder: string, owner: string) {
    super(
      `${folder} is in use by ${owner}. Stop it first, or choose another folder with TURNPIKE_DATA.`,
    )
  }
}
