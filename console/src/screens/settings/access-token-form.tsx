import {
  Checkbox,
  type CheckboxGroupProps,
  NativeSelect,
  type NativeSelectProps,
  Stack,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { formatDate } from '../../format/time.ts'
import { useLocale } from '../../format/use-locale.ts'
import { useSession } from '../../session/use-session.ts'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { createAccessToken, SCOPES, type Scope } from './access-tokens.ts'

const DAY_SECONDS = 86_400
const NEVER = 'never'
const PRESETS = ['7', '30', '90', '365', NEVER] as const
const LONGEST_NAME = 64

interface AccessTokenFormProps {
  readonly onCreated: (token: string) => void
  readonly onClose: () => void
}

interface Values {
  readonly name: string
  readonly scopes: Scope[]
  /** Days, or `never`. */
  readonly days: string
}

const nowSeconds = () => Math.floor(Date.now() / 1000)

export function AccessTokenForm({ onCreated, onClose }: AccessTokenFormProps) {
  const { t } = useTranslation()
  const creating = useMutation({
    mutationFn: ({ name, scopes, days }: Values) =>
      createAccessToken({
        ...{ name: name.trim(), scopes },
        ...(days === NEVER ? {} : { expires_at: nowSeconds() + Number(days) * DAY_SECONDS }),
      }),
    onSuccess: ({ token }) => onCreated(token),
  })
  const form = useForm<Values>({
    initialValues: { name: '', scopes: [], days: '90' },
    validate: {
      name: (value) => (value.trim() === '' ? t('settings.name_missing') : null),
      scopes: (value) => (value.length === 0 ? t('settings.scopes_missing') : null),
    },
  })
  return (
    <FormDialog
      opened
      title={t('settings.token_create')}
      verb={t('settings.token_create')}
      pending={creating.isPending}
      failure={creating.error}
      onSubmit={form.onSubmit((values) => creating.mutate(values))}
      onClose={onClose}
    >
      <TextInput
        label={t('settings.name')}
        description={t('settings.token_name_hint')}
        maxLength={LONGEST_NAME}
        data-autofocus
        {...form.getInputProps('name')}
      />
      <ExpiryField {...form.getInputProps('days')} />
      <ScopesField {...form.getInputProps('scopes')} />
    </FormDialog>
  )
}

function ExpiryField({ value = NEVER, ...field }: NativeSelectProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const ends =
    value === NEVER
      ? t('settings.expiry_never_hint')
      : t('settings.expiry_hint', {
          date: formatDate(locale, nowSeconds() + Number(value) * DAY_SECONDS),
        })
  return (
    <NativeSelect
      label={t('settings.token_expires')}
      description={ends}
      value={value}
      data={PRESETS.map((days) => ({
        value: days,
        label: days === NEVER ? t('settings.never') : t('settings.days', { count: Number(days) }),
      }))}
      {...field}
    />
  )
}

function ScopesField(field: Omit<CheckboxGroupProps<Scope>, 'children'>) {
  const { t } = useTranslation()
  const { role } = useSession()
  const offered = SCOPES.filter((scope) => scope !== 'admin' || role === 'admin')
  return (
    <Checkbox.Group label={t('settings.token_scopes')} {...field}>
      <Stack gap="sm" mt="sm">
        {offered.map((scope) => (
          <Checkbox
            key={scope}
            value={scope}
            label={t(`settings.scope_${scope.replace(':', '_')}` as 'settings.scope_admin')}
            description={scope}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  )
}
