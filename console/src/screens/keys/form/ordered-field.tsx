import { ActionIcon, Autocomplete, Button, Input, Text } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconX } from '@tabler/icons-react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './form.module.css'

interface OrderedFieldProps {
  readonly label: string
  readonly hint: string
  /** Of the field in which the next one is typed. */
  readonly next: string
  readonly values: readonly string[]
  readonly options: readonly string[]
  readonly error?: ReactNode
  readonly onChange: (values: string[]) => void
}

/** A list whose order counts. It is changed by buttons, which every hand and every screen reader can use. */
export function OrderedField(props: OrderedFieldProps) {
  const { label, hint, values, error } = props
  return (
    <Input.Wrapper label={label} description={hint} error={error} labelElement="div">
      {values.length === 0 ? null : (
        <ol className={classes.entries} aria-label={label} style={{ marginTop: 8 }}>
          {values.map((value, at) => (
            <Entry key={value} {...props} value={value} at={at} />
          ))}
        </ol>
      )}
      <NextEntry {...props} />
    </Input.Wrapper>
  )
}

interface EntryProps extends OrderedFieldProps {
  readonly value: string
  readonly at: number
}

function Entry({ value, at, values, onChange }: EntryProps) {
  const { t } = useTranslation()
  const others = values.filter((one) => one !== value)
  const moveTo = (place: number) =>
    onChange([...others.slice(0, place), value, ...others.slice(place)])
  return (
    <li className={classes.entry}>
      <Text size="sm" truncate title={value}>
        {at + 1}. {value}
      </Text>
      <ActionIcon
        variant="subtle"
        color="gray"
        disabled={at === 0}
        aria-label={t('keys.form.move_up', { what: value })}
        onClick={() => moveTo(at - 1)}
      >
        <IconArrowUp size={16} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        disabled={at === values.length - 1}
        aria-label={t('keys.form.move_down', { what: value })}
        onClick={() => moveTo(at + 1)}
      >
        <IconArrowDown size={16} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('keys.form.remove', { what: value })}
        onClick={() => onChange(others)}
      >
        <IconX size={16} />
      </ActionIcon>
    </li>
  )
}

function NextEntry({ next, values, options, onChange }: OrderedFieldProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const add = (value: string) => {
    const word = value.trim()
    setTyped('')
    if (word !== '' && !values.includes(word)) onChange([...values, word])
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || typed.trim() === '') return
    // Enter adds here; it does not send the form.
    event.preventDefault()
    add(typed)
  }
  return (
    <div className={classes.buttons} style={{ marginTop: 8 }}>
      <Autocomplete
        aria-label={next}
        placeholder={next}
        style={{ flex: '1 1 200px' }}
        data={options.filter((option) => !values.includes(option))}
        limit={100}
        value={typed}
        onChange={setTyped}
        onOptionSubmit={add}
        onKeyDown={onKeyDown}
      />
      <Button variant="default" onClick={() => add(typed)} disabled={typed.trim() === ''}>
        {t('keys.form.add')}
      </Button>
    </div>
  )
}
