import { SUMMED_UP_TO } from '../../usage/summable.ts'
import { textOf } from '../postgres/literal.ts'
import type { SqlValue } from '../store.ts'
import { quoted, type Source, type SourceTable } from './source.ts'
import { type Sum, sumsOf } from './sums.ts'
import { openTarget, type Target } from './target.ts'

/** How far it is, after each batch. */
export interface Progress {
  readonly table: string
  readonly rows: number
  readonly of: number
  /** Of all rows of all tables, 0 to 1. */
  readonly part: number
}

export interface Transferred {
  /** Texts that PostgreSQL can't hold as they were: NUL was left out, halves of characters were replaced. */
  readonly changedTexts: number
  readonly sums: readonly Sum[]
}

/** The two sides did not add up, and nothing was kept. */
export class SumsDiffer extends Error {
  override readonly name = 'SumsDiffer'
  readonly differing: readonly Sum[]
  constructor(differing: readonly Sum[]) {
    super(differing.map(({ name, from, to }) => `${name}: ${from} became ${to}`).join('\n'))
    this.differing = differing
  }
}

/** A batch is sent while the next one is read. */
const ROWS_A_BATCH = 2_000
/** Of texts: rows of some tables may be long. */
const CHARACTERS_A_BATCH = 4_000_000
const REPLACEMENT = '\ufffd'

/**
 * Copies an installation into an empty PostgreSQL database, in one transaction: one that is cut off, wherever, leaves
 * an empty database, which the next attempt takes.
 * @throws CannotOpen when the target is not empty or in use; SumsDiffer; CommitUnanswered
 */
export async function transfer(
  source: Source,
  url: string,
  onProgress: (progress: Progress) => void,
): Promise<Transferred> {
  const target = await openTarget(
    url,
    source.tables.map(({ name }) => name),
  )
  try {
    const all = source.tables.reduce((sum, { rows }) => sum + rows, 0)
    let before = 0
    let changedTexts = 0
    // The rows that every empty database has.
    await target.client.query('delete from change_counter')
    await target.client.query('delete from channel_group')
    await makePartitions(target, source.usageMonths())
    for (const table of source.tables) {
      changedTexts += await copyTable({ source, target, table }, (rows) =>
        onProgress({ table: table.name, rows, of: table.rows, part: (before + rows) / all }),
      )
      before += table.rows
    }
    await moveSequences(source, target)
    const sums = await sumsOf(source, target)
    const differing = sums.filter(({ from, to }) => from !== to)
    if (differing.length > 0) throw new SumsDiffer(differing)
    await target.commit()
    return { changedTexts, sums }
  } finally {
    await target.close()
  }
}

interface Copying {
  readonly source: Source
  readonly target: Target
  readonly table: SourceTable
}

/** Resolves with how many texts had to be changed. */
async function copyTable(copying: Copying, copied: (rows: number) => void): Promise<number> {
  const { source, target, table } = copying
  const insert = await insertInto(target, table)
  const texts = createTexts()
  let sent = 0
  let underway: Promise<unknown> = Promise.resolve()
  for (const batch of batchesOf(source.rows(table))) {
    const rows = JSON.stringify(batch.map(texts.storable))
    await underway
    copied(sent)
    underway = target.client.query(insert, [rows])
    // Whoever awaits it hears of it.
    underway.catch(() => undefined)
    sent += batch.length
    // Lets the socket write before the next batch keeps the thread.
    await new Promise(setImmediate)
  }
  await underway
  copied(sent)
  const broken = [...texts.suspects].map((at) =>
    source.brokenTexts(table, table.columns[at] as string),
  )
  return broken.reduce((sum, count) => sum + count, texts.changed())
}

function* batchesOf(rows: Iterable<readonly SqlValue[]>): Iterable<(readonly SqlValue[])[]> {
  let batch: (readonly SqlValue[])[] = []
  let characters = 0
  for (const row of rows) {
    batch.push(row)
    for (const value of row) if (typeof value === 'string') characters += value.length
    if (batch.length < ROWS_A_BATCH && characters < CHARACTERS_A_BATCH) continue
    yield batch
    batch = []
    characters = 0
  }
  if (batch.length > 0) yield batch
}

/** Makes texts storable, and remembers what that changed. */
function createTexts() {
  let changed = 0
  /** Columns in which something was read that may stand for bytes that are no text. */
  const suspects = new Set<number>()
  return {
    suspects,
    changed: () => changed,
    /** A row as the object that the insert reads: its columns have short names there. */
    storable(row: readonly SqlValue[]): Record<string, SqlValue> {
      const named: Record<string, SqlValue> = {}
      for (const [at, value] of row.entries()) {
        named[at] = value
        if (typeof value !== 'string') continue
        const text = textOf(value)
        named[at] = text
        if (text !== value) changed += 1
        else if (value.includes(REPLACEMENT)) suspects.add(at)
      }
      return named
    },
  }
}

/** @throws Error when the target has no such table or column: then this program's two schemas differ */
async function insertInto(target: Target, { name, columns }: SourceTable): Promise<string> {
  const types = await target.columns(name)
  const described = columns.map((column, at) => {
    const type = types.get(column)
    if (type === undefined) throw new Error(`PostgreSQL has no column ${name}.${column}`)
    return `"${at}" ${type}`
  })
  return `insert into ${quoted(name)} (${columns.map(quoted).join(', ')})
    select * from json_to_recordset($1) as one (${described.join(', ')})`
}

/** Old records get the partitions that they would have, so that a month can be dropped by itself one day. */
async function makePartitions({ client }: Target, months: readonly number[]): Promise<void> {
  for (const begin of months) {
    const month = new Date(begin)
    const end = Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1)
    const name = `usage_${month.toISOString().slice(0, 7).replace('-', '_')}`
    await client.query(
      `create table if not exists ${quoted(name)} partition of usage for values from (${begin}) to (${end})`,
    )
  }
}

/** No id is given again, those of deleted rows included: of usage records, those that the hours have summed. */
async function moveSequences({ tables, meta }: Source, { read }: Target): Promise<void> {
  for (const { name, columns, newestId } of tables) {
    if (!columns.includes('id')) continue
    const given = name === 'usage' ? Number(meta.get(SUMMED_UP_TO) ?? 0) : newestId
    const sequence = `pg_get_serial_sequence('${name}', 'id')`
    // Ids of sessions and the like are random texts, which nobody counts.
    const [counted] = await read(`select ${sequence} as sequence`, [])
    if (typeof counted?.sequence !== 'string') continue
    await read(
      `select setval(${sequence}, newest) from (
         select greatest($1::bigint, (select max(id) from ${quoted(name)})) as newest
       ) as ids where newest > 0`,
      [given],
    )
  }
}
