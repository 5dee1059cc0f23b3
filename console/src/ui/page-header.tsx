import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './page-header.module.css'

interface PageHeaderProps {
  readonly title: string
  readonly lead?: string
  /** The one thing that most people came for. */
  readonly action?: ReactNode
}

/** The head of a screen. Its heading takes the focus when the reader comes from another screen. */
export function PageHeader({ title, lead, action }: PageHeaderProps) {
  return (
    <header className={classes.header}>
      <div>
        <Title order={1} tabIndex={-1}>
          {title}
        </Title>
        {lead === undefined ? null : <Text c="dimmed">{lead}</Text>}
      </div>
      {action === undefined ? null : <Group gap="sm">{action}</Group>}
    </header>
  )
}
