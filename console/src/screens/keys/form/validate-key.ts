import type { FormErrors } from '@mantine/form'
import type { TFunction } from 'i18next'
// biome-ignore lint/style/noRestrictedImports: what people type is judged by the server's own parser, which is plain text work: 2 KB.
import { AddressError, parseAddressList } from '../../../../../server/src/keys/address-list.ts'
import { expiryOf, type KeyForm, unitsOf } from './key-form.ts'

export const LONGEST_NAME = 50

/** People count characters, not what a computer stores them in. */
export const lengthOf = (name: string): number => [...name].length

/** What is wrong, by field; those of lists as `budgets.0.amount`. */
export function validateKey(form: KeyForm, t: TFunction): FormErrors {
  return {
    ...(lengthOf(form.name) > LONGEST_NAME && { name: t('keys.form.name_long') }),
    ...(Number.isNaN(expiryOf(form.expired_time, 0)) && {
      expired_time: t('keys.form.expiry_missing'),
    }),
    ...(!form.unlimited_quota &&
      unitsOf(form.remain_quota) === undefined && { remain_quota: t('keys.form.amount_missing') }),
    ...addressErrors(form, t),
    ...listErrors(form, t),
  }
}

function addressErrors({ allow_ips }: KeyForm, t: TFunction): FormErrors {
  const says = addressFault(allow_ips, t)
  return says === undefined ? {} : { allow_ips: says }
}

/** By the very rules of the server. Undefined when all is well. */
export function addressFault(text: string, t: TFunction): string | undefined {
  try {
    parseAddressList(text)
    return undefined
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    const { line, entry, fault } = error
    return t('keys.form.address_wrong', {
      line,
      entry: entry.slice(0, LONGEST_NAME),
      why: t(`keys.form.address_fault.${fault}`),
    })
  }
}

function listErrors({ budgets, metadata }: KeyForm, t: TFunction): FormErrors {
  const errors: FormErrors = {}
  for (const [at, { amount }] of budgets.entries()) {
    if ((unitsOf(amount) ?? 0) < 1) errors[`budgets.${at}.amount`] = t('keys.form.budget_missing')
  }
  const names = metadata.map(({ name }) => name)
  for (const [at, name] of names.entries()) {
    if (name === '') errors[`metadata.${at}.name`] = t('keys.form.metadata_missing')
    else if (names.indexOf(name) !== at)
      errors[`metadata.${at}.name`] = t('keys.form.metadata_twice')
  }
  return errors
}
