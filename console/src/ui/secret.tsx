import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy-button.tsx'
import classes from './secret.module.css'

/** A value that nobody can show again. */
export function Secret({ label, value }: { readonly label: string; readonly value: string }) {
  const { t } = useTranslation()
  return (
    <figure className={classes.secret} aria-label={label}>
      <div className={classes.row}>
        <code className={classes.value}>{value}</code>
        <CopyButton text={value} />
      </div>
      <Text component="figcaption" size="sm" c="dimmed">
        {t('ui.secret_once')}
      </Text>
    </figure>
  )
}
