import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../../format/money.ts'
import { formatQuantity } from '../../../format/quantity.ts'
import { formatDateTime, formatWait } from '../../../format/time.ts'
import { useLocale } from '../../../format/use-locale.ts'
import type { TextKey } from '../../../i18n/i18n.ts'
import type { checkKey } from '../keys.ts'

type Outcome = Awaited<ReturnType<typeof checkKey>>
type Told = Pick<Outcome['checks'][number], 'word' | 'facts'>
type Fact = Told['facts'][string]

interface BecauseProps {
  readonly told: Told | undefined
  /** The same in the server's words, for what this console has none for. */
  readonly english: string
  /** The fallback model that is tried. */
  readonly instead?: string | undefined
}

/** Why a check came out as it did, or something would not be tried (docs/keys.md). */
export function Because({ told, english, instead }: BecauseProps) {
  const { t } = useTranslation()
  const says = useSays(told)
  return (
    <Text
      size="sm"
      c="dimmed"
      style={{ overflowWrap: 'anywhere' }}
      {...(says === undefined && { lang: 'en' })}
    >
      {says ?? english}
      {says === undefined || instead === undefined
        ? null
        : ` ${t('keys.check.instead', { model: instead })}`}
    </Text>
  )
}

function useSays(told: Told | undefined): string | undefined {
  const { t, i18n } = useTranslation()
  const locale = useLocale()
  if (told === undefined) return undefined
  const { word, facts } = told
  const key = ['keys.check.because', word, ...variantOf(told)].join('.')
  const count = facts['entries'] ?? facts['models'] ?? facts['channels']
  const counted = typeof count === 'number' ? { count } : {}
  if (!i18n.exists(key, counted)) return undefined
  const say = (name: string, fact: Fact): string => {
    if (name === 'whose' || name === 'cause') {
      const named = `keys.check.${name}.${fact}`
      return i18n.exists(named) ? t(named as TextKey) : String(fact)
    }
    return shown(locale, name, fact)
  }
  const shownFacts = Object.entries(facts).map(([name, fact]) => [name, say(name, fact)])
  return t(key as TextKey, { ...Object.fromEntries(shownFacts), ...counted })
}

/** Where one word has a sentence for each of several cases. */
function variantOf({ word, facts }: Told): string[] {
  switch (word) {
    case 'unlimited':
    case 'balance':
      return [String(facts['whose'])]
    case 'budget':
      return [String(facts['period'])]
    case 'rate_limit_reached':
      return [String(facts['of'])]
    case 'rate_limits_left': {
      const limited = ['requests', 'tokens'].filter((name) => facts[name] !== undefined)
      return [limited.length > 1 ? 'both' : (limited[0] ?? 'calls')]
    }
    default:
      return []
  }
}

const TIMES: ReadonlySet<string> = new Set(['at', 'now', 'until'])

/** A fact as this reader reads it. */
function shown(locale: string, name: string, fact: Fact): string {
  if (Array.isArray(fact)) return new Intl.ListFormat(locale).format(fact)
  if (name === 'resets_at') return formatDateTime(locale, Date.parse(String(fact)) / 1000)
  if (typeof fact === 'string') return fact
  if (TIMES.has(name)) return formatDateTime(locale, fact)
  if (name === 'seconds') return formatWait(locale, fact)
  return name.endsWith('_units') ? formatMoney(locale, fact) : formatQuantity(locale, fact)
}
