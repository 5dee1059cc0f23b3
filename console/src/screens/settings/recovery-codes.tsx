import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../../ui/copy-button.tsx'
import classes from './recovery-codes.module.css'

interface RecoveryCodesProps {
  readonly codes: readonly string[]
  readonly onKept: () => void
}

/** Shown once, to be kept: each opens the account without the authenticator, one time. */
function RecoveryCodes({ codes, onKept }: RecoveryCodesProps) {
  const { t } = useTranslation()
  const text = `${codes.join('\n')}\n`
  // Not a blob: its address would have to be let go again, and this is short.
  const file = useMemo(() => `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`, [text])
  return (
    <Stack>
      <Text size="sm">{t('settings.recovery_codes_hint')}</Text>
      <ul className={classes.codes} aria-label={t('settings.recovery_codes')}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <Group justify="space-between" gap="md">
        <Group gap="sm">
          <CopyButton text={text} />
          <Button
            component="a"
            href={file}
            download="turnpike-recovery-codes.txt"
            variant="default"
            size="xs"
            leftSection={<IconDownload size={14} aria-hidden="true" />}
          >
            {t('settings.download')}
          </Button>
        </Group>
        <Button onClick={onKept} ml="auto" data-autofocus>
          {t('settings.recovery_codes_kept')}
        </Button>
      </Group>
    </Stack>
  )
}

interface ShownCodesDialogProps {
  readonly codes: readonly string[]
  readonly onClose: () => void
}

/** Does not close by a click beside it: the codes would be lost. */
export function ShownCodesDialog({ codes, onClose }: ShownCodesDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('settings.recovery_codes')}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('settings.close') }}
      centered
    >
      <RecoveryCodes codes={codes} onKept={onClose} />
    </Modal>
  )
}
