import { Group, Text, Title } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { markSetUp, SET_UP_STEPS, type SetUpStep } from '../../session/set-up.ts'
import { useSession } from '../../session/use-session.ts'
import { AppearanceMenu } from '../../shell/appearance-menu.tsx'
import { LanguageMenu } from '../../shell/language-menu.tsx'
import { Logo } from '../../shell/logo.tsx'
import { ChannelStep } from './channel-step.tsx'
import { KeyStep } from './key-step.tsx'
import { PasswordStep } from './password-step.tsx'
import { ReadyStep } from './ready-step.tsx'
import classes from './set-up-screen.module.css'
import { StepList } from './step-list.tsx'

const route = getRouteApi('/set-up')

/** From the one-time password to the first call. */
export function SetUpScreen() {
  const { t } = useTranslation()
  const { password_change_due: passwordDue, role } = useSession()
  const { step: wanted } = route.useSearch()
  const due = route.useLoaderData()
  const step = passwordDue ? 'password' : (wanted ?? due)
  const heading = useFocusOn(step)
  return (
    <div className={classes.screen}>
      <header className={classes.head}>
        <Logo />
        <Group gap="sm">
          <LanguageMenu />
          <AppearanceMenu />
        </Group>
      </header>
      <main className={classes.main}>
        {role === 'admin' ? <StepList step={step} /> : null}
        <div className={classes.step}>
          <Title order={1} tabIndex={-1} ref={heading}>
            {t(`set_up.${step}_title`)}
          </Title>
          <Text c="dimmed" mt={4} mb="lg">
            {t(`set_up.${step}_lead`)}
          </Text>
          <Step step={step} />
        </div>
      </main>
    </div>
  )
}

function Step({ step }: { readonly step: SetUpStep }) {
  const navigate = useNavigate()
  const { role } = useSession()
  // Shown once: after a reload it is gone, and the snippets have a place for it.
  const [apiKey, setApiKey] = useState<string>()
  useEffect(() => {
    if (step !== 'ready') markSetUp('begun')
  }, [step])
  async function leave() {
    markSetUp('done')
    await navigate({ to: '/' })
  }
  async function next() {
    const following = SET_UP_STEPS[SET_UP_STEPS.indexOf(step) + 1]
    // Whoever only had to choose a password has come for something else.
    if (following === undefined || role !== 'admin') return leave()
    await navigate({ to: '/set-up', search: { step: following }, replace: true })
  }
  switch (step) {
    case 'password':
      return <PasswordStep onDone={next} />
    case 'channel':
      return <ChannelStep onDone={next} />
    case 'key':
      return (
        <KeyStep
          onDone={next}
          onCreated={(key) => {
            setApiKey(key)
            void next()
          }}
        />
      )
    case 'ready':
      return <ReadyStep apiKey={apiKey} onDone={leave} />
  }
}

/** Whoever can't see that the step has changed hears the heading of the next one. */
function useFocusOn(step: SetUpStep) {
  const heading = useRef<HTMLHeadingElement>(null)
  const last = useRef(step)
  useEffect(() => {
    if (last.current !== step) heading.current?.focus()
    last.current = step
  }, [step])
  return heading
}
