import { Group } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './rows.module.css'

/** A short list within a card; a long one is a DataTable. */
export function Rows({
  label,
  children,
}: {
  readonly label: string
  readonly children: ReactNode
}) {
  return (
    <ul className={classes.rows} aria-label={label}>
      {children}
    </ul>
  )
}

interface RowProps {
  readonly icon: ReactNode
  readonly children: ReactNode
  readonly actions?: ReactNode
}

export function Row({ icon, children, actions }: RowProps) {
  return (
    <li className={classes.row}>
      <span className={classes.icon} aria-hidden="true">
        {icon}
      </span>
      <div className={classes.words}>{children}</div>
      {actions ? (
        <Group gap="sm" className={classes.actions}>
          {actions}
        </Group>
      ) : null}
    </li>
  )
}
