import { NativeSelect, Stack, useMantineColorScheme } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../format/money.ts'
import { formatDateTime } from '../../format/time.ts'
import { useLocale } from '../../format/use-locale.ts'
import { chooseLanguage } from '../../i18n/i18n.ts'
import { isLanguage, LANGUAGES } from '../../i18n/languages.ts'
import { useSession } from '../../session/use-session.ts'
import { Card } from '../../ui/card.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { useNowSeconds } from '../../ui/use-now-seconds.ts'
import { EmailCard } from './email-card.tsx'
import classes from './profile-screen.module.css'

/** Units that show how a reader's thousands and decimals are written. */
const SAMPLE_UNITS = 617_280_000

export function ProfileScreen() {
  const { t } = useTranslation()
  return (
    <>
      <PageHeader title={t('settings.profile')} lead={t('settings.profile_lead')} />
      <Stack gap="lg">
        <Account />
        <EmailCard />
        <Preferences />
      </Stack>
    </>
  )
}

function Account() {
  const { t } = useTranslation()
  const { username, id, role, group } = useSession()
  return (
    <Card title={t('settings.account')} lead={t('settings.account_lead')}>
      <dl className={classes.facts}>
        <Fact name={t('settings.username')}>{username}</Fact>
        <Fact name={t('settings.role')}>{t(`settings.role_${role}`)}</Fact>
        <Fact name={t('settings.group')}>{group}</Fact>
        <Fact name={t('settings.id')}>{id}</Fact>
      </dl>
    </Card>
  )
}

function Preferences() {
  const { t, i18n } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const locale = useLocale()
  const now = useNowSeconds()
  return (
    <Card title={t('settings.preferences')} lead={t('settings.preferences_lead')}>
      <div className={classes.choices}>
        <NativeSelect
          label={t('settings.language')}
          value={i18n.language}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          onChange={({ currentTarget: { value } }) => {
            if (isLanguage(value)) void chooseLanguage(value)
          }}
        />
        <NativeSelect
          label={t('settings.appearance')}
          value={colorScheme}
          data={(['auto', 'light', 'dark'] as const).map((value) => ({
            value,
            label: t(`shell.${value}`),
          }))}
          onChange={({ currentTarget: { value } }) => setColorScheme(value as typeof colorScheme)}
        />
      </div>
      <dl className={classes.facts}>
        <Fact name={t('settings.time_zone')}>
          {new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll('_', ' ')}
        </Fact>
        <Fact name={t('settings.times')}>{formatDateTime(locale, now)}</Fact>
        <Fact name={t('settings.amounts')}>{formatMoney(locale, SAMPLE_UNITS)}</Fact>
      </dl>
    </Card>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
