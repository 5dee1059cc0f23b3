import { Group, Modal, NativeSelect, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../../ui/copy-button.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import type { Model, Price, ServingGroup } from './models.ts'
import classes from './models-screen.module.css'
import { PieceTable, RateTable } from './price-table.tsx'

interface ModelDetailsProps {
  readonly model: Model
  /** Where its prices are shown for, at first. */
  readonly group: ServingGroup
  readonly onClose: () => void
}

/** All that is known of a model. */
export function ModelDetails({ model, group, onClose }: ModelDetailsProps) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState(group.name)
  const { ratio } = model.groups.find(({ name }) => name === chosen) ?? group
  return (
    <Modal
      opened
      onClose={onClose}
      title={<span className={classes.id}>{model.id}</span>}
      size="lg"
      closeButtonProps={{ 'aria-label': t('models.close') }}
      centered
    >
      <Stack gap="md">
        <Facts model={model} />
        <NativeSelect
          label={t('models.group')}
          value={chosen}
          data={model.groups.map(({ name, ratio: times }) => ({
            value: name,
            label: `${name} ${t('models.times', { ratio: times })}`,
          }))}
          onChange={(event) => setChosen(event.currentTarget.value)}
        />
        {model.price === null ? (
          <Text size="sm">{t('models.free_hint')}</Text>
        ) : (
          <Prices price={model.price} ratio={ratio} />
        )}
        <Group justify="flex-end" gap="sm">
          <CopyButton text={model.id} label={t('models.copy_id')} />
          <LinkButton to="/playground" search={{ model: model.id }} size="xs">
            {t('models.try')}
          </LinkButton>
        </Group>
      </Stack>
    </Modal>
  )
}

function Facts({ model }: { readonly model: Model }) {
  const { t } = useTranslation()
  return (
    <dl className={classes.facts}>
      <Fact name={t('models.provider')}>{model.provider || t('models.unknown')}</Fact>
      <Fact name={t('models.context')}>
        <Limit tokens={model.context_window} />
      </Fact>
      <Fact name={t('models.max_output')}>
        <Limit tokens={model.max_output} />
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Limit({ tokens }: { readonly tokens: number | null }) {
  const { t } = useTranslation()
  if (tokens === null) return t('models.unknown')
  return (
    <>
      <Quantity value={tokens} /> {t('models.tokens')}
    </>
  )
}

function Prices({ price, ratio }: { readonly price: Price; readonly ratio: number }) {
  const { t } = useTranslation()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables scroll, also for the keyboard.
    <section className={classes.scroll} tabIndex={0} aria-label={t('models.prices')}>
      <Stack gap="md">
        <RateTable title={t('models.tokens_title')} rates={price} ratio={ratio} />
        <PieceTable title={t('models.pieces_title')} price={price} ratio={ratio} />
        {Object.entries(price.service ?? {}).map(([name, rates]) =>
          rates === undefined ? null : (
            <RateTable
              key={name}
              title={t('models.service', { name })}
              rates={rates}
              ratio={ratio}
            />
          ),
        )}
        {Object.entries(price.sizes ?? {}).map(([size, own]) => (
          <PieceTable key={size} title={t('models.size', { size })} price={own} ratio={ratio} />
        ))}
      </Stack>
    </section>
  )
}
