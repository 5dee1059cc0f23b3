import { Button } from '@mantine/core'
import { useForm } from '@mantine/form'
import { type ReactNode, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../../ui/failure.tsx'
import { refusedField } from '../../../ui/refused-field.ts'
import { UnsavedGuard } from '../../../ui/unsaved-guard.tsx'
import { useFailureText } from '../../../ui/use-failure-text.ts'
import { BasicFields } from './basic-fields.tsx'
import classes from './form.module.css'
import { emptyForm, type KeyForm } from './key-form.ts'
import { type SectionName, Sections, sectionsOf } from './sections.tsx'
import { validateKey } from './validate-key.ts'

interface KeyFormFieldsProps {
  readonly initial: KeyForm
  /** The verb of what happens. */
  readonly verb: string
  readonly pending: boolean
  readonly failure: unknown
  readonly onSubmit: (form: KeyForm) => void
  /** The way out. */
  readonly cancel: ReactNode
}

const FIELDS = Object.keys(emptyForm()) as (keyof KeyForm)[]

/** Every field of a key. What is refused is said at its field, in a section that opens for it. */
export function KeyFormFields(props: KeyFormFieldsProps) {
  const { t } = useTranslation()
  const failureText = useFailureText()
  const [opened, setOpened] = useState<readonly SectionName[]>(() =>
    sectionsOf(setFields(props.initial)),
  )
  const form = useForm({
    initialValues: props.initial,
    validate: (values) => validateKey(values, t),
  })
  const { failure } = props
  const refused = refusedField(failure, FIELDS)
  const openFor = (fields: readonly string[]) =>
    setOpened((now) => [...new Set([...now, ...sectionsOf(fields)])])
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each failure, whatever was typed since.
  useEffect(() => {
    if (refused === undefined) return
    form.setFieldError(refused, failureText(failure))
    openFor([refused])
  }, [failure])
  useFocusOnError(form.errors)
  return (
    <form
      noValidate
      className={classes.form}
      onSubmit={form.onSubmit(props.onSubmit, (errors) => openFor(Object.keys(errors)))}
    >
      <UnsavedGuard when={form.isDirty() && !props.pending} />
      <BasicFields form={form} />
      <Sections form={form} opened={opened} onOpen={setOpened} />
      {failure && refused === undefined ? <Failure failure={failure} /> : null}
      <div className={classes.buttons}>
        <Button type="submit" loading={props.pending}>
          {props.verb}
        </Button>
        {props.cancel}
      </div>
    </form>
  )
}

/** To the first field that is wrong, once its section is open. */
function useFocusOnError(errors: object): void {
  useEffect(() => {
    if (Object.keys(errors).length === 0) return
    document.querySelector<HTMLElement>('form [aria-invalid="true"]')?.focus()
  }, [errors])
}

/** The fields that a key differs in from a plain one: their sections are open when it is edited. */
function setFields(form: KeyForm): readonly string[] {
  const plain = emptyForm()
  return FIELDS.filter((field) => JSON.stringify(form[field]) !== JSON.stringify(plain[field]))
}
