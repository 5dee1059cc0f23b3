import { Select, Stack, Switch, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { formatQuantity } from '../../../format/quantity.ts'
import { useLocale } from '../../../format/use-locale.ts'
import { useSession } from '../../../session/use-session.ts'
import { groupsQuery } from '../keys.ts'
import type { FieldsProps } from './fields.ts'
import { AUTO } from './key-form.ts'
import { OrderedField } from './ordered-field.tsx'

/** Whose channels serve the key, and at which price; of `auto` also in which order. */
export function GroupFields({ form }: FieldsProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const own = useSession().group
  const { data: groups = {} } = useQuery(groupsQuery)
  const { group } = form.values
  const labelOf = (name: string) => {
    const ratio = groups[name]?.ratio
    return ratio === undefined ? name : `${name} (× ${formatQuantity(locale, ratio)})`
  }
  // A group that was taken from the account is still that of the key.
  const names = [...new Set([...Object.keys(groups), ...(group === '' ? [] : [group])])]
  const walksOwn = group === AUTO && form.values.auto_groups.length > 0
  // That of auto says what it walks unless the key says otherwise.
  const description = walksOwn ? '' : (groups[group === '' ? own : group]?.desc ?? '')
  return (
    <Stack gap="lg">
      <Select
        label={t('keys.group')}
        description={t('keys.form.group_hint')}
        data={[
          { value: '', label: t('keys.form.group_own', { group: labelOf(own) }) },
          ...names.map((name) => ({ value: name, label: labelOf(name) })),
        ]}
        value={group}
        allowDeselect={false}
        onChange={(name) => form.setFieldValue('group', name ?? '')}
        error={form.errors['group']}
      />
      {description === '' ? null : (
        <Text size="sm" c="dimmed" mt={-16}>
          {description}
        </Text>
      )}
      {group === AUTO ? (
        <AutoFields form={form} names={names.filter((one) => one !== AUTO)} />
      ) : null}
    </Stack>
  )
}

interface AutoFieldsProps extends FieldsProps {
  readonly names: readonly string[]
}

/** What only means something where several groups are walked. */
function AutoFields({ form, names }: AutoFieldsProps) {
  const { t } = useTranslation()
  return (
    <>
      <OrderedField
        label={t('keys.form.auto_groups')}
        hint={t('keys.form.auto_groups_hint')}
        next={t('keys.form.auto_groups_next')}
        values={form.values.auto_groups}
        options={names}
        error={form.errors['auto_groups']}
        onChange={(groups) => form.setFieldValue('auto_groups', groups)}
      />
      <Switch
        label={t('keys.form.cross_group_retry')}
        description={t('keys.form.cross_group_retry_hint')}
        {...form.getInputProps('cross_group_retry', { type: 'checkbox' })}
      />
    </>
  )
}
