import { Menu } from '@mantine/core'
import { IconPlayerPlay, IconPlayerStop, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { DISABLED, type KeyRecord } from './keys.ts'

/** What can be done with keys, for whoever shows them. */
export interface KeyActions {
  readonly onEnable: (keys: readonly KeyRecord[]) => void
  readonly onDisable: (keys: readonly KeyRecord[]) => void
  readonly onDelete: (keys: readonly KeyRecord[]) => void
}

export interface KeyItemProps {
  readonly record: KeyRecord
  readonly actions: KeyActions
}

/** Enables a key that is disabled, and disables any other. */
export function SwitchItem({ record, actions }: KeyItemProps) {
  const { t } = useTranslation()
  const isOff = record.status === DISABLED
  const Icon = isOff ? IconPlayerPlay : IconPlayerStop
  return (
    <Menu.Item
      leftSection={<Icon size={16} />}
      onClick={() => (isOff ? actions.onEnable : actions.onDisable)([record])}
    >
      {t(isOff ? 'keys.enable' : 'keys.disable')}
    </Menu.Item>
  )
}

export function DeleteItem({ record, actions }: KeyItemProps) {
  const { t } = useTranslation()
  return (
    <Menu.Item
      color="red"
      leftSection={<IconTrash size={16} />}
      onClick={() => actions.onDelete([record])}
    >
      {t('keys.delete')}
    </Menu.Item>
  )
}
