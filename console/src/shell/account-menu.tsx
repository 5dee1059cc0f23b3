import { Avatar, Menu, Text, UnstyledButton } from '@mantine/core'
import { IconBook, IconLogout, IconSettings } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useSession } from '../session/use-session.ts'
import { useSignOut } from '../session/use-sign-out.ts'

export function AccountMenu() {
  const { t } = useTranslation()
  const { username, role } = useSession()
  const leave = useSignOut()
  return (
    <Menu position="bottom-end" width={220} withinPortal>
      <Menu.Target>
        <UnstyledButton aria-label={t('shell.account', { name: username })}>
          <Avatar size={32} radius="xl" color="pine" variant="filled" alt="">
            {username.slice(0, 1).toUpperCase()}
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text fw={600} size="sm" c="var(--mantine-color-text)" truncate>
            {username}
          </Text>
          {role === 'admin' ? t('shell.administrator') : null}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item component={Link} to="/settings" leftSection={<IconSettings size={16} />}>
          {t('settings.title')}
        </Menu.Item>
        <Menu.Item component="a" href="/docs" leftSection={<IconBook size={16} />}>
          {t('shell.reference')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => leave.mutate()}>
          {t('shell.sign_out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
