import { Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { formatQuantity } from '../../format/quantity.ts'
import { useLocale } from '../../format/use-locale.ts'
import type { TextKey } from '../../i18n/i18n.ts'
import { Money } from '../../ui/money.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { type Quote, quoteQuery } from './quote.ts'
import classes from './usage.module.css'
import type { Call } from './usage.ts'

/** What the call cost, and how that was computed. */
export function CallPrice({ call }: { readonly call: Call }) {
  const { t } = useTranslation()
  const cost = call.quota + call.shortfall
  const isFree = cost === 0 && call.correction === 0
  return (
    <section className={classes.part} aria-labelledby="price">
      <Title order={3} id="price">
        {t('usage.price')}
      </Title>
      {isFree ? (
        <Text size="sm" c="dimmed">
          {t('usage.free')}
        </Text>
      ) : (
        <Computation call={call} />
      )}
    </section>
  )
}

function Computation({ call }: { readonly call: Call }) {
  const { t } = useTranslation()
  const { data: quote, isError } = useQuery(quoteQuery(call))
  if (quote === undefined && !isError) return <Skeleton height={160} />
  return (
    <>
      {quote === undefined ? (
        <Text size="sm" c="dimmed" mb="sm">
          {t('usage.price_unknown')}
        </Text>
      ) : (
        <Lines quote={quote} />
      )}
      <Charged call={call} />
    </>
  )
}

function Lines({ quote }: { readonly quote: Quote }) {
  const { t } = useTranslation()
  return (
    <>
      <table className={classes.figures}>
        <thead>
          <tr>
            <th scope="col">{t('usage.line')}</th>
            <th scope="col">{t('usage.amount')}</th>
            <th scope="col">{t('usage.rate')}</th>
            <th scope="col">{t('usage.units')}</th>
          </tr>
        </thead>
        <tbody>
          {quote.lines.map((line) => (
            <Line key={line.kind} line={line} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              {t('usage.sum')}
            </th>
            <td>
              <Quantity value={quote.quota} />
            </td>
          </tr>
        </tfoot>
      </table>
      <Text size="sm" c="dimmed" my="sm">
        {t('usage.ratio', { ratio: quote.ratio })}
      </Text>
    </>
  )
}

function Line({ line }: { readonly line: Quote['lines'][number] }) {
  const { t, i18n } = useTranslation()
  const locale = useLocale()
  const key = `usage.lines.${line.kind}`
  const price = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: 12,
  }).format(Number(line.price))
  return (
    <tr>
      <th scope="row">{i18n.exists(key) ? t(key as TextKey) : line.kind}</th>
      <td>{formatQuantity(locale, line.amount)}</td>
      <td title={line.computation}>
        {PIECES.has(line.kind) ? price : t('usage.per_million', { price })}
      </td>
      <td>{isDecimal(line.units) ? formatQuantity(locale, Number(line.units)) : line.units}</td>
    </tr>
  )
}

/** What isn't paid by the million. */
const PIECES: ReadonlySet<string> = new Set([
  'request',
  'second',
  'hour',
  'produced_image',
  'search',
  'file_search',
  'code_run',
])

/** Units that are no whole decimal number come as a fraction. */
const isDecimal = (units: string): boolean => !units.includes('/')

function Charged({ call }: { readonly call: Call }) {
  return (
    <table className={classes.figures}>
      <tbody>
        {call.correction === 0 ? null : (
          <>
            <Amount of="charged_first" units={call.quota - call.correction} />
            <Amount of="correction" units={call.correction} />
          </>
        )}
        <Amount of="charged" units={call.quota} isSum />
        {call.shortfall === 0 ? null : <Amount of="shortfall" units={call.shortfall} />}
      </tbody>
    </table>
  )
}

interface AmountProps {
  readonly of: 'charged_first' | 'correction' | 'charged' | 'shortfall'
  readonly units: number
  readonly isSum?: boolean
}

function Amount({ of, units, isSum = false }: AmountProps) {
  const { t } = useTranslation()
  const money = <Money units={units} />
  return (
    <tr>
      <th scope="row">{t(`usage.${of}`)}</th>
      <td>{isSum ? <strong>{money}</strong> : money}</td>
    </tr>
  )
}
