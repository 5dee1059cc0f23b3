import type { TFunction } from 'i18next'
import type { KeyRecord } from './keys.ts'

/** What a key is called where people read of it. */
export const nameOf = ({ name }: Pick<KeyRecord, 'name'>, t: TFunction): string =>
  name === '' ? t('keys.unnamed') : name
