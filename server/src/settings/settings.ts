import { mirror } from '../storage/mirror.ts'
import type { Compilable, Store } from '../storage/store.ts'
import {
  settings as catalogue,
  isSettingName,
  type SettingName,
  type SettingValues,
  whyNotValue,
} from './catalogue.ts'

/** All settings, in memory. A reader asks each time it needs one, and so follows every change. */
export interface Settings {
  get<N extends SettingName>(name: N): SettingValues[N]
  /** Whether somebody set it, be it to the standard value. */
  isSet(name: SettingName): boolean
  /** Writes several at once, with the statements that belong to them (audit). The values must have been checked. */
  set(values: Partial<SettingValues>, also?: readonly Compilable[]): Promise<void>
}

/** Reads the settings, then follows their changes. A stored value that means nothing (any more) counts as not set. */
export async function createSettings(parts: {
  store: Store
  now?: () => number
}): Promise<Settings> {
  const { store, now = Date.now } = parts
  const values = new Map<string, unknown>()
  const keep = (name: string, text: string | undefined) => {
    const value = text === undefined ? undefined : readStored(name, text)
    if (value === undefined) values.delete(name)
    else values.set(name, value)
  }
  const rows = () => store.db.selectFrom('setting').select(['name', 'value'])
  await mirror<string, string>({
    store,
    kind: 'setting',
    idOf: (subject) => subject,
    readAll: async () => new Map((await rows().execute()).map((row) => [row.name, row.value])),
    readOne: async (name) => (await rows().where('name', '=', name).executeTakeFirst())?.value,
    known: () => values.keys(),
    keep,
  })

  return {
    get: <N extends SettingName>(name: N) =>
      (values.get(name) ?? catalogue[name].standard) as SettingValues[N],
    isSet: (name) => values.has(name),
    async set(wanted, also = []) {
      const entries = Object.entries(wanted)
      const seconds = Math.floor(now() / 1000)
      const statements = entries.map(([name, value]) =>
        setStatement(store, { name, value: JSON.stringify(value), updated_at: seconds }),
      )
      const changes = entries.map(([subject]) => ({ kind: 'setting' as const, subject }))
      // Memory has followed when this returns; setting it here as well could bring back the loser of two writes.
      await store.write([...statements, ...also], changes)
    },
  }
}

function setStatement(
  store: Store,
  row: { name: string; value: string; updated_at: number },
): Compilable {
  const { value, updated_at } = row
  return store.db
    .insertInto('setting')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value, updated_at }))
}

function readStored(name: string, text: string): unknown {
  if (!isSettingName(name)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return whyNotValue(catalogue[name], value) === undefined ? value : undefined
  } catch {
    return undefined
  }
}
