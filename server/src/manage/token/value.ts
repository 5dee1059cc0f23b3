import type { Caller } from '../../accounts/caller.ts'
import { mayUse } from '../../accounts/caller.ts'
import { keySeal } from '../../keys/sealed.ts'
import type { KeyTable } from '../../storage/tables.ts'
import type { Rooms } from '../rooms.ts'

const MASK = '**********'

/** The columns of a value: digest for the look-up, the value itself encrypted unless it may never be shown again. */
export function toColumns(
  { vault, settings }: Pick<Rooms, 'vault' | 'settings'>,
  id: number,
  value: string,
): Pick<KeyTable, 'digest' | 'pepper_id' | 'sealed' | 'hint'> {
  return {
    digest: vault.digest(value),
    pepper_id: vault.pepperId,
    sealed: settings.get('keys.reveal') === 'never' ? null : vault.seal(value, keySeal(id)),
    hint: value.slice(0, 4) + value.slice(-4),
  }
}

export const masked = ({ hint }: Pick<KeyTable, 'hint'>): string =>
  `${hint.slice(0, 4)}${MASK}${hint.slice(4)}`

/** The value in clear; undefined when it was stored nowhere, or may not be shown (`keys.reveal = never`). */
export function openValue(
  { vault, settings }: Pick<Rooms, 'vault' | 'settings'>,
  row: Pick<KeyTable, 'id' | 'sealed'>,
): string | undefined {
  if (row.sealed === null || settings.get('keys.reveal') === 'never') return undefined
  return vault.open(row.sealed, keySeal(row.id))
}

/** Whether reads give this caller values instead of masks. The console reads masks, always (contract 2.2). */
export function readsValues({ settings }: Pick<Rooms, 'settings'>, caller: Caller): boolean {
  if (caller.session !== undefined) return false
  return settings.get('keys.reveal') === 'always' && mayUse(caller, 'keys:reveal')
}
