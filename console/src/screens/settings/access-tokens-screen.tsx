import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconTerminal2 } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { usePages } from '../../ui/use-pages.ts'
import { accessTokenColumns } from './access-token-columns.tsx'
import { DeleteAccessToken, NewAccessToken } from './access-token-dialogs.tsx'
import { ACCESS_TOKENS, type AccessToken, fetchAccessTokens } from './access-tokens.ts'

const EXPECTED = 3

export function AccessTokensScreen() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [creating, { open, close }] = useDisclosure()
  const [deleting, setDeleting] = useState<AccessToken>()
  const tokens = usePages({ key: [ACCESS_TOKENS], fetchPage: fetchAccessTokens })
  const changed = () => void queryClient.invalidateQueries({ queryKey: [ACCESS_TOKENS] })
  const create = <Button onClick={open}>{t('settings.token_create')}</Button>
  const isEmpty = tokens.total === 0
  return (
    <>
      <PageHeader
        title={t('settings.access_tokens')}
        lead={t('settings.access_tokens_lead')}
        action={isEmpty ? undefined : create}
      />
      {isEmpty ? (
        <EmptyState
          icon={<IconTerminal2 size={28} stroke={1.5} />}
          title={t('settings.tokens_empty')}
          hint={t('settings.tokens_empty_hint')}
          action={create}
        />
      ) : (
        <TokenList tokens={tokens} onDelete={setDeleting} />
      )}
      {creating ? <NewAccessToken onCreated={changed} onClose={close} /> : null}
      <DeleteAccessToken
        token={deleting}
        onDeleted={changed}
        onClose={() => setDeleting(undefined)}
      />
    </>
  )
}

interface TokenListProps {
  readonly tokens: ReturnType<typeof usePages<AccessToken>>
  readonly onDelete: (token: AccessToken) => void
}

function TokenList({ tokens, onDelete }: TokenListProps) {
  const { t } = useTranslation()
  const columns = useMemo(() => accessTokenColumns(t, onDelete), [t, onDelete])
  if (tokens.failure !== undefined) {
    return <Failure failure={tokens.failure} onRetry={tokens.retry} />
  }
  return (
    <DataTable
      label={t('settings.access_tokens')}
      columns={columns}
      count={tokens.total ?? EXPECTED}
      rowAt={tokens.rowAt}
      rowKey={({ id }) => id}
      onShow={tokens.show}
    />
  )
}
