import { Group, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import classes from './card.module.css'

interface CardProps {
  readonly title: string
  readonly lead?: string
  /** A state, beside the title. */
  readonly badge?: ReactNode
  readonly action?: ReactNode
  readonly children?: ReactNode
}

/** One matter of a screen that has several. */
export function Card({ title, lead, badge, action, children }: CardProps) {
  const id = useId()
  return (
    <section className={classes.card} aria-labelledby={id}>
      <div className={classes.head}>
        <div className={classes.words}>
          <Group gap="sm">
            <Title order={2} id={id}>
              {title}
            </Title>
            {badge}
          </Group>
          {lead === undefined ? null : (
            <Text size="sm" c="dimmed" mt={4}>
              {lead}
            </Text>
          )}
        </div>
        {action === undefined ? null : <Group gap="sm">{action}</Group>}
      </div>
      {children ? <div className={classes.content}>{children}</div> : null}
    </section>
  )
}
