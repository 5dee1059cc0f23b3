import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyIcon } from '../../ui/copy-icon.tsx'
import { DateTime } from '../../ui/date-time.tsx'
import { LinkAnchor } from '../../ui/link-anchor.tsx'
import { Duration } from './duration.tsx'
import classes from './usage.module.css'
import type { Call } from './usage.ts'

/** Who called what, when and from where. */
export function CallFacts({ call }: { readonly call: Call }) {
  const { t } = useTranslation()
  const { model_name, requested_model } = call
  return (
    <section className={classes.part}>
      <dl className={classes.facts}>
        <Fact title={t('usage.time')}>
          <DateTime seconds={call.created_at} />
        </Fact>
        <Fact title={t('usage.model')}>
          {model_name}
          {requested_model === '' || requested_model === model_name
            ? null
            : ` (${t('usage.fallback_for', { model: requested_model })})`}
        </Fact>
        <Fact title={t('usage.key')}>
          <LinkAnchor size="sm" to="/keys/$keyId" params={{ keyId: call.token_id }}>
            {call.token_name || t('usage.unnamed')}
          </LinkAnchor>
        </Fact>
        <Fact title={t('usage.group')}>{call.group}</Fact>
        <Fact title={t('usage.ip')}>{call.ip}</Fact>
        <Fact title={t('usage.answer')}>
          {t(call.is_stream ? 'usage.streamed' : 'usage.whole')}
        </Fact>
        <Fact title={t('usage.duration')}>
          <Duration ms={call.use_time_ms} />
        </Fact>
        {call.first_token_ms > 0 ? (
          <Fact title={t('usage.first_token')}>
            <Duration ms={call.first_token_ms} />
          </Fact>
        ) : null}
        {call.output_limit > 0 ? (
          <Fact title={t('usage.output_limit')}>
            {t('usage.output_limit_hint', { count: call.output_limit })}
          </Fact>
        ) : null}
        <Fact title={t('usage.request_id')}>
          <span className={classes.requestId}>
            <code>{call.request_id}</code>
            <CopyIcon text={call.request_id} />
          </span>
        </Fact>
      </dl>
    </section>
  )
}

function Fact({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  )
}
