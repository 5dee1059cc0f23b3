import { useTranslation } from 'react-i18next'
import { SET_UP_STEPS, type SetUpStep } from '../../session/set-up.ts'
import classes from './set-up-screen.module.css'

/** How far the reader is. */
export function StepList({ step }: { readonly step: SetUpStep }) {
  const { t } = useTranslation()
  const at = SET_UP_STEPS.indexOf(step)
  return (
    <ol className={classes.steps} aria-label={t('set_up.steps')}>
      {SET_UP_STEPS.map((one, index) => (
        <li
          key={one}
          className={classes.one}
          aria-current={one === step ? 'step' : undefined}
          data-done={index < at || undefined}
        >
          <span className={classes.name}>{t(`set_up.${one}_step`)}</span>
        </li>
      ))}
    </ol>
  )
}
