import { Group, NumberInput, Select } from '@mantine/core'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../../format/money.ts'
import { separators } from '../../../format/separators.ts'
import { useLocale } from '../../../format/use-locale.ts'
import classes from './form.module.css'
import { type Amount, amountOf, unitsOf } from './key-form.ts'

interface AmountFieldProps {
  readonly label: string
  readonly amount: Amount
  readonly error?: React.ReactNode
  readonly autoFocus?: boolean
  /** Below 0, too. */
  readonly signed?: boolean
  readonly onChange: (amount: Amount) => void
}

/** One unit is 0.000002 dollars. */
const FINEST = 6
/** Keeps the line's height. */
const NOTHING_YET = '\u00a0'

/** Money in dollars or in quota units, whichever the reader counts in; what it is in the other stands below. */
export function AmountField(props: AmountFieldProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const id = useId()
  const { amount, onChange } = props
  const units = unitsOf(amount)
  const inOther =
    units === undefined
      ? undefined
      : amount.unit === 'dollars'
        ? t('ui.units', { count: units })
        : formatMoney(locale, units)
  const change = (unit: string | null) => {
    if (unit !== 'dollars' && unit !== 'units') return
    if (units === undefined) onChange({ value: '', unit })
    else onChange(unit === 'dollars' ? amountOf(units) : { value: units, unit })
  }
  return (
    <Group gap="sm" align="flex-start" wrap="nowrap" className={classes.amount}>
      <NumberInput
        id={id}
        label={props.label}
        error={props.error}
        description={props.error ? undefined : (inOther ?? NOTHING_YET)}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        value={amount.value}
        allowNegative={props.signed ?? false}
        decimalScale={amount.unit === 'dollars' ? FINEST : 0}
        data-autofocus={props.autoFocus || undefined}
        hideControls
        {...separators(locale)}
        onChange={(value) => onChange({ ...amount, value: String(value) })}
      />
      <Select
        aria-label={t('keys.form.unit_of', { what: props.label })}
        className={classes.unit}
        data={[
          { value: 'dollars', label: t('keys.form.dollars') },
          { value: 'units', label: t('keys.form.units') },
        ]}
        value={amount.unit}
        allowDeselect={false}
        onChange={change}
      />
    </Group>
  )
}
