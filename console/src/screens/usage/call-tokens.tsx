import { Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Quantity } from '../../ui/quantity.tsx'
import classes from './usage.module.css'
import type { Call } from './usage.ts'

/** Parts stand below the whole that they are in. */
const COLUMNS = [
  'prompt_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'image_tokens',
  'completion_tokens',
  'reasoning_tokens',
  'audio_tokens',
] as const

const DETAILS = [
  'cache_write_1h_tokens',
  'output_audio_tokens',
  'cached_audio_tokens',
  'cached_image_tokens',
  'video_tokens',
  'output_image_tokens',
  'output_video_tokens',
  'citation_tokens',
  'seconds',
  'images',
  'searches',
  'file_searches',
  'code_runs',
] as const

const WHOLES: readonly string[] = ['prompt_tokens', 'completion_tokens']

/** What the call used; kinds that it used nothing of are left out. */
export function CallTokens({ call }: { readonly call: Call }) {
  const { t } = useTranslation()
  const used = [
    ...COLUMNS.map((kind) => [kind, call[kind]] as const),
    ...DETAILS.map((kind) => [kind, call.details[kind] ?? 0] as const),
  ].filter(([kind, amount]) => amount > 0 || WHOLES.includes(kind))
  return (
    <section className={classes.part} aria-labelledby="tokens">
      <Title order={3} id="tokens">
        {t('usage.tokens_used')}
      </Title>
      <table className={classes.figures}>
        <tbody>
          {used.map(([kind, amount]) => (
            <tr key={kind}>
              <th scope="row" data-part={WHOLES.includes(kind) ? undefined : true}>
                {t(`usage.kinds.${kind}`)}
              </th>
              <td>
                <Quantity value={amount} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {call.estimated ? (
        <Text size="sm" c="dimmed" mt="sm">
          {t('usage.estimated')}
        </Text>
      ) : null}
    </section>
  )
}
