import { Button, Skeleton } from '@mantine/core'
import { IconCode, IconCpu } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '../../session/use-session.ts'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { modelsQuery, shownGroup } from '../models/models.ts'
import { callOf, NO_SETTINGS, type Turn } from './chat.ts'
import { chatModels } from './chat-models.ts'
import { CodeDialog } from './code-dialog.tsx'
import { Composer } from './composer.tsx'
import { Conversation } from './conversation.tsx'
import { forgetIfGone, keyValue, NEW_KEY, usableKeysQuery } from './playground-key.ts'
import classes from './playground-screen.module.css'
import { type Chosen, ModelAndKey, Parameters } from './settings-form.tsx'
import { useChat } from './use-chat.ts'

export function PlaygroundScreen() {
  const { t } = useTranslation()
  const models = useQuery(modelsQuery)
  const isNone = models.data?.length === 0
  return (
    <>
      <PageHeader title={t('playground.title')} lead={t('playground.lead')} />
      {models.isError ? (
        <Failure failure={models.error} onRetry={() => void models.refetch()} />
      ) : null}
      {isNone ? (
        <EmptyState
          icon={<IconCpu size={28} stroke={1.5} />}
          title={t('models.empty')}
          hint={t('models.empty_hint')}
        />
      ) : null}
      {isNone || models.isError ? null : <Playground />}
    </>
  )
}

const route = getRouteApi('/shell/playground')

/** What was chosen, and what can be. */
function useChosen() {
  const { model: linked = '' } = route.useSearch()
  const [chosen, setChosen] = useState<Chosen>({
    model: linked,
    keyChoice: NEW_KEY,
    settings: NO_SETTINGS,
  })
  const { group: own } = useSession()
  const { data: keys = [], isPending: areKeysComing } = useQuery(usableKeysQuery)
  const { data: all = [], isPending: areModelsComing } = useQuery(modelsQuery)
  const key = keys.find(({ id }) => String(id) === chosen.keyChoice)
  const models = chatModels(all, key, own)
  const model = models.find(({ id }) => id === chosen.model) ?? models[0]
  return {
    isComing: areKeysComing || areModelsComing,
    ...{ keys, models, chosen: { ...chosen, model: model?.id ?? '' } },
    group: model === undefined ? own : shownGroup(model, '', own).name,
    change: (changed: Partial<Chosen>) => setChosen((now) => ({ ...now, ...changed })),
  }
}

function Playground() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { isComing, chosen, change, keys, models, group } = useChosen()
  const chat = useChat()
  const call = (turns: readonly Turn[]) => callOf(chosen.model, chosen.settings, turns)
  async function send(text: string) {
    const keyChoice = { choice: chosen.keyChoice, name: t('playground.key_name'), group }
    const key = () => keyValue(queryClient, keyChoice)
    const failure = await chat.ask({ text, callOf: call, key })
    if (failure !== undefined) forgetIfGone(queryClient, keyChoice, failure)
  }
  return (
    <div className={classes.screen}>
      <section className={classes.chat} aria-label={t('playground.chat')}>
        {isComing ? (
          <Skeleton height={60} />
        ) : (
          <ModelAndKey chosen={chosen} models={models} keys={keys} onChange={change} />
        )}
        <Conversation turns={chat.turns} />
        <Composer
          isRunning={chat.isRunning}
          model={chosen.model}
          onSend={(text) => void send(text)}
          onStop={chat.stop}
        >
          <ChatActions chat={chat} call={call(chat.turns)} />
        </Composer>
      </section>
      <Card title={t('playground.settings')}>
        <Parameters
          settings={chosen.settings}
          onChange={(changed) => change({ settings: { ...chosen.settings, ...changed } })}
        />
      </Card>
    </div>
  )
}

interface ChatActionsProps {
  readonly chat: ReturnType<typeof useChat>
  readonly call: ReturnType<typeof callOf>
}

function ChatActions({ chat, call }: ChatActionsProps) {
  const { t } = useTranslation()
  const [isCodeShown, setCodeShown] = useState(false)
  if (chat.turns.length === 0) return null
  return (
    <>
      <Button
        variant="subtle"
        size="xs"
        leftSection={<IconCode size={16} aria-hidden="true" />}
        aria-haspopup="dialog"
        onClick={() => setCodeShown(true)}
      >
        {t('playground.as_code')}
      </Button>
      <Button variant="subtle" size="xs" disabled={chat.isRunning} onClick={chat.clear}>
        {t('playground.clear')}
      </Button>
      {isCodeShown ? <CodeDialog call={call} onClose={() => setCodeShown(false)} /> : null}
    </>
  )
}
