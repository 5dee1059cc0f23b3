import { ActionIcon, Autocomplete, Button, Input, NumberInput, Select } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { timeZone } from '../../../format/preferences.ts'
import { separators } from '../../../format/separators.ts'
import { useLocale } from '../../../format/use-locale.ts'
import { AmountField } from './amount-field.tsx'
import type { FieldsProps } from './fields.ts'
import classes from './form.module.css'
import type { Budget } from './key-form.ts'

const LIMITS = [
  ['rpm_limit', 1_000_000],
  ['tpm_limit', 1_000_000_000],
  ['max_concurrent', 100_000],
] as const
const PERIODS = ['day', 'week', 'month'] as const

/** How much at a time, and how much in a day, week or month. */
export function LimitFields({ form }: FieldsProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <>
      <div className={classes.limits}>
        {LIMITS.map(([name, max]) => (
          <NumberInput
            key={name}
            label={t(`keys.form.${name}`)}
            placeholder={t('keys.form.no_limit')}
            min={1}
            max={max}
            clampBehavior="blur"
            allowNegative={false}
            allowDecimal={false}
            hideControls
            {...separators(locale)}
            {...form.getInputProps(name)}
          />
        ))}
      </div>
      <BudgetFields form={form} />
    </>
  )
}

/** At most one for each period. */
function BudgetFields({ form }: FieldsProps) {
  const { t } = useTranslation()
  const { budgets } = form.values
  const free = PERIODS.find((period) => budgets.every((one) => one.period !== period))
  const add = () => {
    if (free === undefined) return
    const tz = timeZone()
    form.insertListItem('budgets', { period: free, amount: { value: '', unit: 'dollars' }, tz })
  }
  return (
    <Input.Wrapper
      label={t('keys.form.budgets')}
      description={t('keys.form.budgets_hint')}
      error={form.errors['budgets']}
      labelElement="div"
    >
      <div className={classes.section}>
        {budgets.map((budget, at) => (
          <BudgetRow key={budget.period} form={form} budget={budget} at={at} />
        ))}
      </div>
      {free === undefined ? null : (
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={add}>
          {t('keys.form.budget_add')}
        </Button>
      )}
    </Input.Wrapper>
  )
}

interface BudgetRowProps extends FieldsProps {
  readonly budget: Budget
  readonly at: number
}

function BudgetRow({ form, budget, at }: BudgetRowProps) {
  const { t } = useTranslation()
  const { budgets } = form.values
  const set = (changed: Partial<Budget>) =>
    form.setFieldValue(`budgets.${at}`, { ...budget, ...changed })
  const isFree = (period: Budget['period']) =>
    period === budget.period || budgets.every((one) => one.period !== period)
  const name = t(`keys.form.budget_of.${budget.period}`)
  return (
    <fieldset className={classes.row} aria-label={name}>
      <Select
        label={t('keys.form.period')}
        data={PERIODS.filter(isFree).map((value) => ({ value, label: t(`keys.period.${value}`) }))}
        value={budget.period}
        allowDeselect={false}
        onChange={(value) => set({ period: PERIODS.find((one) => one === value) ?? budget.period })}
      />
      <AmountField
        label={t('keys.form.amount')}
        amount={budget.amount}
        error={form.errors[`budgets.${at}.amount`]}
        onChange={(amount) => set({ amount })}
      />
      <Autocomplete
        label={t('keys.form.time_zone')}
        data={Intl.supportedValuesOf('timeZone')}
        limit={50}
        value={budget.tz}
        onChange={(tz) => set({ tz })}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={34}
        aria-label={t('keys.form.remove', { what: name })}
        onClick={() => form.removeListItem('budgets', at)}
      >
        <IconX size={16} />
      </ActionIcon>
    </fieldset>
  )
}
