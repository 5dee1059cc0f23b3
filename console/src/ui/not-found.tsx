import { Button } from '@mantine/core'
import { IconRoadOff } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { EmptyState } from './empty-state.tsx'

/** At an address where no screen is. */
export function NotFound() {
  const { t } = useTranslation()
  return (
    <main style={{ maxWidth: 720, margin: '10vh auto', padding: 16 }}>
      <EmptyState
        order={1}
        icon={<IconRoadOff size={28} stroke={1.5} />}
        title={t('shell.not_found')}
        hint={t('shell.not_found_hint')}
        action={
          <Button component={Link} to="/">
            {t('shell.home')}
          </Button>
        }
      />
    </main>
  )
}
