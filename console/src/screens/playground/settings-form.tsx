import { NativeSelect, NumberInput, Stack, Textarea } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { KeyRecord } from '../keys/keys.ts'
import type { Model } from '../models/models.ts'
import { type ChatSettings, EFFORTS } from './chat.ts'
import { NEW_KEY } from './playground-key.ts'
import classes from './playground-screen.module.css'

export interface Chosen {
  readonly model: string
  /** Id of a key, or `NEW_KEY`. */
  readonly keyChoice: string
  readonly settings: ChatSettings
}

interface ModelAndKeyProps {
  readonly chosen: Chosen
  readonly models: readonly Model[]
  readonly keys: readonly KeyRecord[]
  readonly onChange: (changed: Partial<Chosen>) => void
}

/** Who is asked, and who pays. */
export function ModelAndKey({ chosen, models, keys, onChange }: ModelAndKeyProps) {
  const { t } = useTranslation()
  const isNew = chosen.keyChoice === NEW_KEY
  return (
    <div className={classes.choice}>
      <NativeSelect
        label={t('playground.model')}
        value={chosen.model}
        data={models.map(({ id }) => id)}
        onChange={(event) => onChange({ model: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('playground.key')}
        description={isNew ? t('playground.key_new_hint') : t('playground.key_own_hint')}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        value={chosen.keyChoice}
        data={[
          { value: NEW_KEY, label: t('playground.key_new') },
          ...keys.map(({ id, name }) => ({
            value: String(id),
            label: name === '' ? t('keys.unnamed') : name,
          })),
        ]}
        onChange={(event) => onChange({ keyChoice: event.currentTarget.value })}
      />
    </div>
  )
}

interface ParametersProps {
  readonly settings: ChatSettings
  readonly onChange: (changed: Partial<ChatSettings>) => void
}

/** What is asked besides the message. */
export function Parameters({ settings, onChange }: ParametersProps) {
  const { t } = useTranslation()
  return (
    <Stack gap="md">
      <Textarea
        label={t('playground.system')}
        value={settings.system}
        onChange={(event) => onChange({ system: event.currentTarget.value })}
        rows={3}
      />
      <NumberInput
        label={t('playground.temperature')}
        placeholder={t('playground.as_usual')}
        value={settings.temperature}
        onChange={(value) => onChange({ temperature: String(value) })}
        min={0}
        max={2}
        step={0.1}
        hideControls
      />
      <NumberInput
        label={t('playground.max_tokens')}
        placeholder={t('playground.as_usual')}
        value={settings.maxTokens}
        onChange={(value) => onChange({ maxTokens: String(value) })}
        min={1}
        allowDecimal={false}
        hideControls
      />
      <NativeSelect
        label={t('playground.effort')}
        value={settings.effort}
        data={[
          { value: '', label: t('playground.as_usual') },
          ...EFFORTS.map((value) => ({ value, label: t(`playground.effort_${value}`) })),
        ]}
        onChange={(event) =>
          onChange({ effort: event.currentTarget.value as ChatSettings['effort'] })
        }
      />
    </Stack>
  )
}
