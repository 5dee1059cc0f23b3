import { readFile } from 'node:fs/promises'
import type { Provider } from '@pydantic/genai-prices'
import { auditStatement, theProgram } from '../manage/audit/record.ts'
import {
  countModels,
  MOST_CATALOGUE_BYTES,
  parseCatalogue,
  UnfitCatalogue,
} from '../prices/read-catalogue.ts'
import { storeCatalogue } from '../prices/stored-catalogue.ts'
import { databaseUrlOf, hinting, type LentStore, withOwnStore, withPostgres } from './own-store.ts'
import type { Typed } from './run.ts'
import { runningGateway } from './running-gateway.ts'
import { StartError } from './start-error.ts'
import { DONE, type Terminal } from './terminal.ts'

const PATIENCE_MS = 60_000

/** Puts the newest published prices, or those of a file, in the place of the bundled ones. */
export async function updatePrices(terminal: Terminal, typed: Typed): Promise<number> {
  const { file } = typed.options
  const from = file ?? (await publishedAt())
  const providers = parsed(from, file === undefined ? await download(from) : await read(file))
  await put(terminal, typed, providers)
  terminal.say(`${countModels(providers)} models of ${providers.length} providers, from ${from}.`)
  return DONE
}

/** The prices that came with the program count again. */
export async function resetPrices(terminal: Terminal, typed: Typed): Promise<number> {
  await put(terminal, typed, undefined)
  terminal.say('The bundled prices count again.')
  return DONE
}

const publishedAt = async (): Promise<string> =>
  (await import('@pydantic/genai-prices')).REMOTE_DATA_JSON_URL

async function download(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (answer.ok) return await answer.text()
    throw new Error(`status ${answer.status}`)
  } catch (cause) {
    const because = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const hint = 'Fetch it where that is possible, and name it with --file.'
    throw new StartError(`${url} can't be read: ${String(because)}. ${hint}`, { cause })
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new StartError(`${file} can't be read: ${String(cause)}`, { cause })
  }
}

function parsed(from: string, text: string): readonly Provider[] {
  if (Buffer.byteLength(text) > MOST_CATALOGUE_BYTES) {
    throw new StartError(`${from} has more than ${MOST_CATALOGUE_BYTES} bytes.`)
  }
  try {
    return parseCatalogue(text)
  } catch (cause) {
    if (!(cause instanceof UnfitCatalogue)) throw cause
    throw new StartError(`${from} is no list of prices: ${cause.message}.`, { cause })
  }
}

/** Through a running gateway, or in the database: a PostgreSQL, or a folder that no gateway runs on. */
async function put(
  terminal: Terminal,
  { options }: Typed,
  providers: readonly Provider[] | undefined,
): Promise<void> {
  const gateway = runningGateway(terminal)
  if (gateway !== undefined) {
    await gateway.ask('POST', '/api/price/catalogue', { providers: providers ?? null })
    return
  }
  const url = databaseUrlOf(terminal, options.data)
  if (url !== undefined) return withPostgres(url, write)
  return hinting(withOwnStore(terminal, options.data, write), 'takes the prices')

  async function write({ store, outside: { now } }: LentStore): Promise<void> {
    const { statement, changes } = storeCatalogue(store, providers, now())
    const audit = auditStatement({ store, now }, theProgram('command line'), {
      action: providers === undefined ? 'price_catalogue.remove' : 'price_catalogue.set',
      subject: 'price catalogue',
      after: { providers: providers?.length ?? 0, models: countModels(providers ?? []) },
    })
    await store.write([statement, audit], changes)
  }
}
