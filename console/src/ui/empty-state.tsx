import { Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './empty-state.module.css'

interface EmptyStateProps {
  readonly icon: ReactNode
  readonly title: string
  /** What to do next. */
  readonly hint: string
  readonly action?: ReactNode
  /** 1 where it is all that the screen has. */
  readonly order?: 1 | 2
}

/** Where there is nothing to show yet. */
export function EmptyState({ icon, title, hint, action, order = 2 }: EmptyStateProps) {
  return (
    <section className={classes.empty}>
      <span className={classes.icon} aria-hidden="true">
        {icon}
      </span>
      <Title order={order} tabIndex={-1}>
        {title}
      </Title>
      <Text c="dimmed" maw={440}>
        {hint}
      </Text>
      {action === undefined ? null : <div className={classes.action}>{action}</div>}
    </section>
  )
}
