import { Group, Title } from '@mantine/core'
import { IconChevronLeft } from '@tabler/icons-react'
import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import classes from './page-header.module.css'

interface PageHeaderProps {
  readonly title: string
  readonly lead?: string
  /** The screen that this one is a part of. */
  readonly above?: { readonly to: NonNullable<LinkProps['to']>; readonly title: string }
  /** The one thing that most people came for. */
  readonly action?: ReactNode
}

/** The head of a screen. Its heading takes the focus when the reader comes from another screen. */
export function PageHeader({ title, lead, above, action }: PageHeaderProps) {
  return (
    <header className={classes.header}>
      <div className={classes.words}>
        {above === undefined ? null : (
          <Link to={above.to} className={classes.above}>
            <IconChevronLeft size={16} aria-hidden="true" />
            {above.title}
          </Link>
        )}
        <Title order={1} tabIndex={-1} className={classes.title}>
          {title}
        </Title>
        {lead === undefined ? null : <p className={classes.lead}>{lead}</p>}
      </div>
      {action === undefined ? null : <Group gap="sm">{action}</Group>}
    </header>
  )
}
