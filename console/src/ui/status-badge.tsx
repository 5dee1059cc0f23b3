import { Badge } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleMinus,
  IconCircleX,
} from '@tabler/icons-react'

/** `good` works, `off` was switched off, `ended` ran its time, `bad` needs somebody. */
export type Tone = 'good' | 'off' | 'ended' | 'bad'

/** The ink is darker, or lighter, than Mantine's own, which is hard to read at this size. */
const LOOKS = {
  good: {
    color: 'pine',
    ink: 'light-dark(var(--mantine-color-pine-9), var(--mantine-color-pine-2))',
    icon: IconCircleCheck,
  },
  off: { color: 'gray', ink: 'var(--mantine-color-text)', icon: IconCircleMinus },
  ended: {
    color: 'orange',
    ink: 'light-dark(#8a3a06, var(--mantine-color-orange-3))',
    icon: IconAlertTriangle,
  },
  bad: { color: 'red', ink: 'light-dark(#a51d1d, var(--mantine-color-red-3))', icon: IconCircleX },
} as const

interface StatusBadgeProps {
  readonly tone: Tone
  readonly label: string
}

/** A state in a word, a sign and a colour: nobody has to tell colours apart. */
export function StatusBadge({ tone, label }: StatusBadgeProps) {
  const { color, ink, icon: Icon } = LOOKS[tone]
  return (
    <Badge
      variant="light"
      color={color}
      radius="sm"
      tt="none"
      fw={600}
      leftSection={<Icon size={14} aria-hidden="true" />}
      style={{
        '--badge-color': ink,
        '--badge-bg': `color-mix(in srgb, ${ink} 13%, transparent)`,
      }}
    >
      {label}
    </Badge>
  )
}
