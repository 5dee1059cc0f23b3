import { encode } from 'uqr'
import classes from './qr-code.module.css'

interface Props {
  readonly text: string
  /** What it is, for whoever can't see it. */
  readonly label: string
}

/** Light modules around it, without which cameras find no code. */
const MARGIN = 4

/** A text for cameras: dark on light, also where the page is dark. */
export function QrCode({ text, label }: Props) {
  const { data, size } = encode(text, { border: MARGIN })
  const squares = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  )
  return (
    <svg className={classes.code} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <path d={squares.join('')} />
    </svg>
  )
}
