import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** As the server has it. */
const SHORTEST = 8
const LONGEST = 256

/** A password that is chosen now. Whoever wants to be sure of it looks at it, instead of typing it twice. */
export function NewPasswordField(props: PasswordInputProps) {
  const { t } = useTranslation()
  return (
    <PasswordInput
      label={t('ui.new_password')}
      description={t('ui.new_password_hint', { count: SHORTEST })}
      autoComplete="new-password"
      visibilityToggleButtonProps={{ 'aria-label': t('ui.show_password') }}
      {...props}
    />
  )
}

/** Says what is wrong with a new password, given the present one; null when it will do. */
export function useNewPasswordCheck(): (next: string, present: string) => string | null {
  const { t } = useTranslation()
  return (next, present) => {
    if (next.length < SHORTEST) return t('ui.new_password_short', { count: SHORTEST })
    if (next.length > LONGEST) return t('ui.new_password_long', { count: LONGEST })
    return next === present ? t('ui.new_password_same') : null
  }
}
