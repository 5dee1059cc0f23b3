import { Accordion, Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { AddressesField } from './addresses-field.tsx'
import type { FieldsProps } from './fields.ts'
import classes from './form.module.css'
import { FurtherFields } from './further-fields.tsx'
import { GroupFields } from './group-fields.tsx'
import type { KeyForm } from './key-form.ts'
import { LimitFields } from './limit-fields.tsx'
import { ModelsField } from './models-field.tsx'

interface Section {
  readonly fields: readonly (keyof KeyForm)[]
  readonly Fields: ComponentType<FieldsProps>
  /** What it says while it is closed. */
  readonly summary: (form: KeyForm, t: TFunction) => string
}

const SECTIONS = {
  models: {
    fields: ['model_limits'],
    Fields: ModelsField,
    summary: ({ model_limits }, t) =>
      model_limits.length === 0
        ? t('keys.form.any_model')
        : t('keys.form.models_count', { count: model_limits.length }),
  },
  addresses: {
    fields: ['allow_ips'],
    Fields: AddressesField,
    summary: ({ allow_ips }, t) => {
      const count = allow_ips.split('\n').filter((line) => line.trim() !== '').length
      return count === 0 ? t('keys.form.anywhere') : t('keys.form.addresses_count', { count })
    },
  },
  group: {
    fields: ['group', 'auto_groups', 'cross_group_retry'],
    Fields: GroupFields,
    summary: ({ group }, t) => (group === '' ? t('keys.own_group') : group),
  },
  limits: {
    fields: ['rpm_limit', 'tpm_limit', 'max_concurrent', 'budgets'],
    Fields: LimitFields,
    summary: (form, t) => {
      const limits = [form.rpm_limit, form.tpm_limit, form.max_concurrent].filter(
        (one) => one !== '',
      )
      const count = limits.length + form.budgets.length
      return count === 0 ? t('keys.form.no_limits') : t('keys.form.limits_count', { count })
    },
  },
  further: {
    fields: ['fallback_models', 'metadata'],
    Fields: FurtherFields,
    summary: ({ fallback_models, metadata }, t) => {
      const count = fallback_models.length + metadata.length
      return count === 0 ? t('keys.form.nothing_set') : t('keys.form.entries_count', { count })
    },
  },
} as const satisfies Record<string, Section>

export type SectionName = keyof typeof SECTIONS
const NAMES = Object.keys(SECTIONS) as SectionName[]

/** The sections in which these fields are. Those of lists are named `budgets.0.amount`. */
export function sectionsOf(fields: readonly string[]): readonly SectionName[] {
  const roots = fields.map((field) => field.split('.')[0])
  return NAMES.filter((name) => SECTIONS[name].fields.some((field) => roots.includes(field)))
}

interface SectionsProps extends FieldsProps {
  readonly opened: readonly SectionName[]
  readonly onOpen: (names: SectionName[]) => void
}

/** What most keys need none of, closed; each line says what holds. */
export function Sections({ form, opened, onOpen }: SectionsProps) {
  const { t } = useTranslation()
  return (
    <Accordion
      multiple
      order={2}
      variant="contained"
      radius={12}
      className={classes.sections}
      value={[...opened]}
      onChange={(names) => onOpen(NAMES.filter((name) => names.includes(name)))}
    >
      {NAMES.map((name) => {
        const { Fields, summary } = SECTIONS[name]
        return (
          <Accordion.Item key={name} value={name} className={classes.item}>
            <Accordion.Control>
              <Text component="span" fw={600} size="sm" display="block">
                {t(`keys.form.section.${name}`)}
              </Text>
              <Text component="span" size="sm" c="dimmed" display="block">
                {summary(form.values, t)}
              </Text>
            </Accordion.Control>
            <Accordion.Panel>
              <div className={classes.section}>
                <Fields form={form} />
              </div>
            </Accordion.Panel>
          </Accordion.Item>
        )
      })}
    </Accordion>
  )
}
