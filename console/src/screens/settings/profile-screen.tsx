import { NativeSelect, Stack, useMantineColorScheme } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../format/money.ts'
import { browserZone, prefer } from '../../format/preferences.ts'
import { formatDateTime } from '../../format/time.ts'
import { useLocale, usePreferences } from '../../format/use-locale.ts'
import { chooseLanguage } from '../../i18n/i18n.ts'
import { isLanguage, LANGUAGES, localeOf } from '../../i18n/languages.ts'
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
        <ZoneAndRegion />
      </div>
      <dl className={classes.facts}>
        <Fact name={t('settings.times')}>{formatDateTime(locale, now)}</Fact>
        <Fact name={t('settings.amounts')}>{formatMoney(locale, SAMPLE_UNITS)}</Fact>
      </dl>
    </Card>
  )
}

/** Where the reader is: on whose walls times are shown, and how numbers and dates are written. */
function ZoneAndRegion() {
  const { t, i18n } = useTranslation()
  const { zone = '', region = '' } = usePreferences()
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')]
  const names = new Intl.DisplayNames(i18n.language, { type: 'region' })
  const regions = regionsOf(i18n.language).map((value) => ({
    value,
    label: names.of(value) ?? value,
  }))
  return (
    <>
      <NativeSelect
        label={t('settings.time_zone')}
        value={zone}
        data={[
          { value: '', label: t('settings.as_browser', { what: spoken(browserZone()) }) },
          ...zones.map((value) => ({ value, label: spoken(value) })),
        ]}
        onChange={({ currentTarget: { value } }) => prefer('zone', value)}
      />
      <NativeSelect
        label={t('settings.region')}
        value={region}
        data={[
          { value: '', label: t('settings.as_browser', { what: localeOf(i18n.language) }) },
          ...regions.sort((a, b) => a.label.localeCompare(b.label, i18n.language)),
        ]}
        onChange={({ currentTarget: { value } }) => prefer('region', value)}
      />
    </>
  )
}

const spoken = (zone: string): string => zone.replaceAll('_', ' ')

/** Where numbers and dates are written in ways of their own, of those places where many read one of our languages. */
const REGIONS = 'AT AU BE CA CH DE DK FI GB IE IN NL NZ SE SG SR US ZA'.split(' ')

/** Of those the ones that the browser knows in this language: elsewhere it would write as everywhere. */
const regionsOf = (language: string): readonly string[] =>
  REGIONS.filter((region) => {
    const tag = `${language}-${region}`
    return new Intl.NumberFormat(tag).resolvedOptions().locale === tag
  })

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
