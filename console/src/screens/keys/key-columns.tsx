import { Checkbox } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import type { Column } from '../../ui/data-table.tsx'
import { TimeAgo } from '../../ui/date-time.tsx'
import { Money } from '../../ui/money.tsx'
import { KeyMenu } from './key-menu.tsx'
import type { KeyActions } from './key-menu-items.tsx'
import { KeyStatus } from './key-status.tsx'
import type { KeyRecord } from './keys.ts'
import classes from './keys-screen.module.css'
import { nameOf } from './name-of.ts'
import type { Selection } from './use-selection.ts'

interface Acting {
  readonly selection: Selection
  readonly actions: KeyActions
}

/** The columns of the list of keys. Cells are plain elements where those do: hundreds are drawn while somebody scrolls. */
export const keyColumns = (
  t: TFunction,
  { selection, actions }: Acting,
): readonly Column<KeyRecord>[] => [
  {
    key: 'select',
    title: t('keys.select'),
    hidesTitle: true,
    width: '48px',
    ...(selection.isOpen ? {} : { from: 'tablet' as const }),
    cell: (record) => (
      // As large as a finger: the whole cell ticks it.
      // biome-ignore lint/a11y/noLabelWithoutControl: the box inside is a component.
      <label className={classes.tick}>
        <Checkbox
          aria-label={t('keys.select_one', { name: nameOf(record, t) })}
          checked={selection.has(record.id)}
          onChange={() => selection.toggle(record)}
        />
      </label>
    ),
  },
  ...figures(t),
  {
    key: 'actions',
    title: t('keys.actions'),
    hidesTitle: true,
    width: '60px',
    align: 'right',
    // On a phone a key's own screen has them.
    from: 'tablet',
    cell: (record) => <KeyMenu record={record} actions={actions} />,
  },
]

const figures = (t: TFunction): readonly Column<KeyRecord>[] => [
  { key: 'name', title: t('keys.name'), cell: (record) => <Name record={record} t={t} /> },
  {
    key: 'status',
    title: t('keys.status'),
    width: '172px',
    cell: (record) => <KeyStatus record={record} />,
  },
  {
    key: 'remaining',
    title: t('keys.remaining'),
    width: '12%',
    align: 'right',
    from: 'tablet',
    cell: (record) => <Remaining record={record} t={t} />,
  },
  {
    key: 'used',
    title: t('keys.used'),
    width: '12%',
    align: 'right',
    from: 'tablet',
    cell: ({ used_quota }) => <Money units={used_quota} />,
  },
  {
    key: 'group',
    title: t('keys.group'),
    width: '12%',
    from: 'desktop',
    cell: ({ group }) =>
      group === '' ? (
        <span className={classes.quiet}>{t('keys.own_group')}</span>
      ) : (
        <div className={classes.cut} title={group}>
          {group}
        </div>
      ),
  },
  {
    key: 'last_used',
    title: t('keys.last_used'),
    width: '13%',
    from: 'tablet',
    cell: ({ accessed_time, created_time }) =>
      // Before the first call the API gives the time of creation (contract 2.2).
      accessed_time === created_time ? (
        <span className={classes.quiet}>{t('keys.never_used')}</span>
      ) : (
        <TimeAgo seconds={accessed_time} />
      ),
  },
]

interface CellProps {
  readonly record: KeyRecord
  readonly t: TFunction
}

/** On a phone there is a column less: what is left stands here instead of the key. */
function Name({ record, t }: CellProps) {
  const { name, key } = record
  return (
    <>
      <Link
        to="/keys/$keyId"
        params={{ keyId: record.id }}
        className={classes.name}
        title={nameOf(record, t)}
      >
        {name === '' ? <em>{t('keys.unnamed')}</em> : name}
      </Link>
      <div className={`${classes.small} ${classes.ends}`}>{shortened(key)}</div>
      <div className={`${classes.small} ${classes.left}`}>
        <Remaining record={record} t={t} />
      </div>
    </>
  )
}

function Remaining({ record, t }: CellProps) {
  return record.unlimited_quota ? t('keys.unlimited') : <Money units={record.remain_quota} />
}

/** Both ends of a masked key are enough to tell it from others. */
export const shortened = (key: string): string => `sk-${key.slice(0, 4)}…${key.slice(-4)}`
