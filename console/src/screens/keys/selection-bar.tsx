import { Button, Text } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { KeyActions } from './key-menu-items.tsx'
import { DISABLED, type KeyRecord } from './keys.ts'
import classes from './keys-screen.module.css'

interface SelectionBarProps {
  readonly selected: readonly KeyRecord[]
  /** Of all keys that the list has. */
  readonly total: number
  readonly pending: boolean
  /** More of them are on their way. */
  readonly isComing: boolean
  /** By the button that opens it, and not by ticking a box. */
  readonly isOpened: boolean
  readonly actions: KeyActions
  readonly onSelectAll: () => void
  readonly onClear: () => void
}

/** What can be done with several keys at once. It stands where the filters were, so nothing moves. */
export function SelectionBar(props: SelectionBarProps) {
  const { t } = useTranslation()
  const bar = useRef<HTMLElement>(null)
  const { isOpened } = props
  // The button that had the focus is gone. Whoever ticked a box stays there.
  useEffect(() => {
    if (isOpened) bar.current?.focus()
  }, [isOpened])
  const { selected, total, pending, isComing, actions } = props
  return (
    <section ref={bar} tabIndex={-1} className={classes.selection} aria-label={t('keys.selection')}>
      <Text size="sm" fw={600} role="status">
        {t('keys.selected', { count: selected.length })}
      </Text>
      {selected.length < total ? (
        <Button size="xs" variant="subtle" onClick={props.onSelectAll}>
          {t('keys.select_all', { count: total })}
        </Button>
      ) : null}
      <span className={classes.space} />
      <Button
        size="xs"
        variant="default"
        loading={pending}
        disabled={isComing || selected.every(({ status }) => status !== DISABLED)}
        onClick={() => actions.onEnable(selected)}
      >
        {t('keys.enable')}
      </Button>
      <Button
        size="xs"
        variant="default"
        loading={pending}
        disabled={isComing || selected.every(({ status }) => status === DISABLED)}
        onClick={() => actions.onDisable(selected)}
      >
        {t('keys.disable')}
      </Button>
      <Button
        size="xs"
        color="red"
        variant="light"
        disabled={isComing || selected.length === 0}
        onClick={() => actions.onDelete(selected)}
      >
        {t('keys.delete')}
      </Button>
      <Button size="xs" variant="subtle" color="gray" onClick={props.onClear}>
        {t(isOpened ? 'keys.done' : 'keys.clear_selection')}
      </Button>
    </section>
  )
}
