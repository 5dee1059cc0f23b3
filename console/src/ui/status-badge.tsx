import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleMinus,
  IconCircleX,
} from '@tabler/icons-react'
import classes from './status-badge.module.css'

/** `good` works, `off` was switched off, `ended` ran its time, `bad` needs somebody. */
export type Tone = 'good' | 'off' | 'ended' | 'bad'

const ICONS = {
  good: IconCircleCheck,
  off: IconCircleMinus,
  ended: IconAlertTriangle,
  bad: IconCircleX,
} as const

interface StatusBadgeProps {
  readonly tone: Tone
  readonly label: string
}

/** A state in a word, a sign and a colour: nobody has to tell colours apart. What is as it should be is not loud. */
export function StatusBadge({ tone, label }: StatusBadgeProps) {
  const Icon = ICONS[tone]
  return (
    <span className={classes.badge} data-tone={tone}>
      <Icon size={14} stroke={2} aria-hidden="true" />
      {label}
    </span>
  )
}
