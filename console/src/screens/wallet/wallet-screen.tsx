import { SimpleGrid, Title } from '@mantine/core'
import { IconReceipt } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { usePages } from '../../ui/use-pages.ts'
import { BalanceCard } from './balance-card.tsx'
import { entryColumns } from './entry-columns.tsx'
import { RedeemCard } from './redeem-card.tsx'
import { type Entry, fetchEntries } from './wallet.ts'

/** Rows of the skeleton. */
const EXPECTED = 3

export function WalletScreen() {
  const { t } = useTranslation()
  return (
    <>
      <PageHeader title={t('wallet.title')} lead={t('wallet.lead')} />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <BalanceCard />
        <RedeemCard />
      </SimpleGrid>
      <Title order={2} mt="xl" mb="md">
        {t('wallet.entries')}
      </Title>
      <EntryList />
    </>
  )
}

function EntryList() {
  const { t } = useTranslation()
  const columns = useMemo(() => entryColumns(t), [t])
  const entries = usePages<Entry>({ key: ['wallet', 'entries'], fetchPage: fetchEntries })
  if (entries.failure !== undefined) {
    return <Failure failure={entries.failure} onRetry={entries.retry} />
  }
  if (entries.total === 0) {
    return (
      <EmptyState
        icon={<IconReceipt size={28} stroke={1.5} />}
        title={t('wallet.empty')}
        hint={t('wallet.empty_hint')}
      />
    )
  }
  return (
    <DataTable
      label={t('wallet.entries')}
      columns={columns}
      count={entries.total ?? EXPECTED}
      rowAt={entries.rowAt}
      rowKey={({ id }) => id}
      onShow={entries.show}
    />
  )
}
