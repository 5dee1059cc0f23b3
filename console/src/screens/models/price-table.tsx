import { useTranslation } from 'react-i18next'
import { formatQuantity } from '../../format/quantity.ts'
import { useLocale } from '../../format/use-locale.ts'
import { dollarsOf, PIECES, type Price, type Rates, TOKEN_KINDS } from './models.ts'
import classes from './models-screen.module.css'
import { Rate } from './rate.tsx'

interface RateTableProps {
  readonly title: string
  readonly rates: Rates & { readonly tiers?: Price['tiers'] }
  readonly ratio: number
}

/** Prices of a million tokens, with a column for each length of input that has its own. */
export function RateTable({ title, rates, ratio }: RateTableProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const tiers = [...(rates.tiers ?? [])].sort((a, b) => a.above - b.above)
  const kinds = TOKEN_KINDS.filter((kind) =>
    [rates, ...tiers].some((column) => column[kind] !== undefined),
  )
  if (kinds.length === 0) return null
  return (
    <table className={classes.prices}>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">{tiers.length === 0 ? t('models.price') : t('models.usual')}</th>
          {tiers.map(({ above }) => (
            <th scope="col" key={above}>
              {t('models.above', { tokens: formatQuantity(locale, above) })}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {kinds.map((kind) => (
          <tr key={kind}>
            <th scope="row">{t(`models.kind_${kind}`)}</th>
            {[rates, ...tiers].map((column, at) => (
              <td key={at === 0 ? 'usual' : (tiers[at - 1]?.above ?? at)}>
                <Rate dollars={dollarsOf(column[kind] ?? rates[kind], ratio)} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface PieceTableProps {
  readonly title: string
  readonly price: Pick<Price, (typeof PIECES)[number]>
  readonly ratio: number
}

/** What is paid by the piece. */
export function PieceTable({ title, price, ratio }: PieceTableProps) {
  const { t } = useTranslation()
  const pieces = PIECES.filter((piece) => price[piece] !== undefined)
  if (pieces.length === 0) return null
  return (
    <table className={classes.prices}>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">{t('models.price')}</th>
        </tr>
      </thead>
      <tbody>
        {pieces.map((piece) => (
          <tr key={piece}>
            <th scope="row">{t(`models.${piece}`)}</th>
            <td>
              <Rate dollars={dollarsOf(price[piece], ratio)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
