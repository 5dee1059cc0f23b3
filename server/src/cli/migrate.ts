import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { whyNotDatabase } from '../config.ts'
import { runDoctor, runDoctorOn } from '../ledger/doctor.ts'
import { CannotOpen, NewerSchema } from '../storage/failures.ts'
import { nameOf } from '../storage/postgres/name.ts'
import { openSource, type Source } from '../storage/transfer/source.ts'
import type { Sum } from '../storage/transfer/sums.ts'
import { CommitUnanswered } from '../storage/transfer/target.ts'
import { SumsDiffer, type Transferred, transfer } from '../storage/transfer/transfer.ts'
import { dataFolderAt } from './data-folder.ts'
import { createProgressLines } from './progress-lines.ts'
import { isRootSecret } from './root-secret.ts'
import type { Typed } from './run.ts'
import { StartError } from './start-error.ts'
import { DONE, FAILED, type Terminal } from './terminal.ts'

const SQLITE = 'sqlite:'
const POSTGRES = /^postgres(ql)?:/

/** Moves an installation from SQLite to PostgreSQL. The source is only read. */
export async function migrate(terminal: Terminal, { options }: Typed): Promise<number> {
  const path = sourcePath(terminal, options.from)
  const url = targetUrl(terminal, options.to)
  const source = openSource(path)
  try {
    const done = await move(terminal, source, url)
    sayDone(terminal, source, done)
    const code = await examine(terminal, source, url)
    saySecret(terminal, source, code)
    return code
  } finally {
    source.close()
  }
}

function sourcePath({ folder }: Terminal, from: string | undefined): string {
  if (from?.startsWith(SQLITE)) return resolve(folder, from.slice(SQLITE.length))
  if (from !== undefined && POSTGRES.test(from)) {
    throw new StartError('Only from SQLite to PostgreSQL: the way back is not there.')
  }
  throw new StartError('--from takes sqlite: and the path of a data folder or of a database file.')
}

/** From the environment, too, where no list of processes shows its password. */
function targetUrl({ environment }: Terminal, to: string | undefined): string {
  const url = to ?? environment.DATABASE_URL?.trim()
  if (!url) throw new StartError('--to, or DATABASE_URL, takes postgres://user:password@host/name.')
  if (url.startsWith(SQLITE)) {
    throw new StartError('Only from SQLite to PostgreSQL: --to takes postgres://...')
  }
  const why = whyNotDatabase(url)
  if (why !== undefined)
    throw new StartError(`${to === undefined ? 'DATABASE_URL' : '--to'}: ${why}.`)
  return url
}

async function move(terminal: Terminal, source: Source, url: string): Promise<Transferred> {
  try {
    return await transfer(
      source,
      url,
      createProgressLines(terminal, () => performance.now()),
    )
  } catch (failure) {
    if (failure instanceof CannotOpen || failure instanceof NewerSchema) throw failure
    if (failure instanceof CommitUnanswered) {
      throw new StartError(
        'The connection broke in the last moment: all of it is there, or nothing. Run it again: a target that is refused as not empty has all; examine it with `turnpike doctor`.',
        { cause: failure },
      )
    }
    const nothing = `Nothing of it is in ${nameOf(url)}, and ${source.file} is as it was.`
    if (failure instanceof SumsDiffer) {
      throw new StartError(`The two sides do not add up:\n${failure.message}\n${nothing}`)
    }
    const said = failure instanceof Error ? failure.message : String(failure)
    throw new StartError(`The migration was cut off: ${said}. ${nothing} Run it again.`, {
      cause: failure,
    })
  }
}

function sayDone(terminal: Terminal, { file }: Source, { sums, changedTexts }: Transferred): void {
  terminal.say(`${file} was copied. Equal on both sides:`)
  for (const { name, to } of sums as readonly Sum[]) terminal.say(`  ${name.padEnd(26)} ${to}`)
  if (changedTexts === 0) return
  terminal.complain(
    `${changedTexts} texts were changed, because PostgreSQL can't hold them: NUL was left out, and what is no character was replaced by U+FFFD.`,
  )
}

/** Books that were wrong before are wrong after: whoever reads of it wants to know which. */
async function examine(terminal: Terminal, { file }: Source, url: string): Promise<number> {
  const findings = await runDoctorOn(url)
  if (findings.length === 0) {
    terminal.say(`${nameOf(url)}: every balance equals its books.`)
    return DONE
  }
  const before = new Set((await runDoctor(file)).map(({ subject, says }) => `${subject}: ${says}`))
  for (const { subject, says } of findings) {
    const line = `${subject}: ${says}`
    terminal.say(
      `${line} (${before.has(line) ? 'so it was in the source' : 'not so in the source'})`,
    )
  }
  terminal.complain(`${nameOf(url)}: ${findings.length} findings. All rows are there.`)
  return FAILED
}

function saySecret(terminal: Terminal, { file, meta }: Source, code: number): void {
  const { secretFile } = dataFolderAt(dirname(file))
  const given = terminal.environment.TURNPIKE_SECRET?.trim()
  const says = () => {
    if (given && isRootSecret(meta, given)) return 'and the TURNPIKE_SECRET that is set now'
    if (existsSync(secretFile) && isRootSecret(meta, readFileSync(secretFile, 'utf8').trim())) {
      return `and TURNPIKE_SECRET set to the text in ${secretFile}, or with a copy of that file in its data folder (TURNPIKE_DATA)`
    }
    return `and the root secret that ${basename(file)} was written under: it is neither in TURNPIKE_SECRET nor in ${secretFile}, and no gateway starts without it`
  }
  terminal.say(`Start every gateway with DATABASE_URL ${says()}.`)
  if (code !== DONE) return
  terminal.say(`Start none on ${dirname(file)} any more: the two would part ways.`)
}
