import { formatAgo, formatDateTime } from '../format/time.ts'
import { useLocale } from '../format/use-locale.ts'
import { useNowSeconds } from './use-now-seconds.ts'

interface TimeProps {
  /** Unix seconds. */
  readonly seconds: number
}

const machineReadable = (seconds: number) => new Date(seconds * 1000).toISOString()

/** How long ago, or how soon; day and time are its title. It follows the clock. */
export function TimeAgo({ seconds }: TimeProps) {
  const locale = useLocale()
  const now = useNowSeconds()
  return (
    <time dateTime={machineReadable(seconds)} title={formatDateTime(locale, seconds)}>
      {formatAgo(locale, seconds, now)}
    </time>
  )
}

/** Day and time on the reader's walls. */
export function DateTime({ seconds }: TimeProps) {
  const locale = useLocale()
  return <time dateTime={machineReadable(seconds)}>{formatDateTime(locale, seconds)}</time>
}
