import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy-button.tsx'
import classes from './secret.module.css'

interface SecretProps {
  readonly label: string
  readonly value: string
  /** Of a value that may be shown again; unless told, nobody can. */
  readonly hint?: string
}

/** A value that is shown just now. */
export function Secret({ label, value, hint }: SecretProps) {
  const { t } = useTranslation()
  return (
    <figure className={classes.secret} aria-label={label}>
      <div className={classes.row}>
        <code className={classes.value}>{value}</code>
        <CopyButton text={value} />
      </div>
      <Text component="figcaption" size="sm" c="dimmed">
        {hint ?? t('ui.secret_once')}
      </Text>
    </figure>
  )
}
