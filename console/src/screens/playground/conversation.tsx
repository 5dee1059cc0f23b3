import { Loader, Text } from '@mantine/core'
import { IconMessages } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Money } from '../../ui/money.tsx'
import type { Answer, Turn } from './chat.ts'
import { MessageText } from './message-text.tsx'
import classes from './playground-screen.module.css'

export function Conversation({ turns }: { readonly turns: readonly Turn[] }) {
  const { t } = useTranslation()
  const end = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new turn comes into view.
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [turns.length])
  if (turns.length === 0) {
    return (
      <EmptyState
        icon={<IconMessages size={28} stroke={1.5} />}
        title={t('playground.empty')}
        hint={t('playground.empty_hint')}
      />
    )
  }
  const isComing = turns.some((turn) => turn.role === 'assistant' && turn.state === 'coming')
  return (
    <div
      role="log"
      aria-label={t('playground.conversation')}
      aria-busy={isComing}
      className={classes.turns}
    >
      {turns.map((turn) =>
        turn.role === 'user' ? (
          <article key={turn.id} className={classes.question} aria-label={t('playground.you')}>
            <p className={classes.prose}>{turn.text}</p>
          </article>
        ) : (
          <AnswerTurn key={turn.id} answer={turn} />
        ),
      )}
      <div ref={end} className={classes.end} />
    </div>
  )
}

function AnswerTurn({ answer }: { readonly answer: Answer }) {
  const { t } = useTranslation()
  const { text, model, state, failure } = answer
  return (
    <article className={classes.answer} aria-label={model}>
      <Text size="xs" c="dimmed" fw={600} className={classes.model}>
        {model}
      </Text>
      <MessageText text={text} />
      {state === 'coming' && text === '' ? (
        <Loader type="dots" size="sm" aria-label={t('playground.waiting')} />
      ) : null}
      {failure === undefined ? null : <Failure failure={failure} />}
      <Figures answer={answer} />
    </article>
  )
}

function Figures({ answer }: { readonly answer: Answer }) {
  const { t } = useTranslation()
  const { state, promptTokens, completionTokens = 0, units } = answer
  if (state === 'coming') return null
  return (
    <p className={classes.figures}>
      {state === 'stopped' ? <span>{t('playground.stopped')}</span> : null}
      {promptTokens === undefined ? null : (
        <>
          <span>{t('playground.tokens_in', { count: promptTokens })}</span>
          <span>{t('playground.tokens_out', { count: completionTokens })}</span>
        </>
      )}
      {units === undefined ? null : <Money units={units} />}
    </p>
  )
}
