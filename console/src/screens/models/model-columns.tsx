import { Anchor, Group, Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import { CopyIcon } from '../../ui/copy-icon.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { dollarsOf, type Model, PIECES, type ServingGroup, type TokenKind } from './models.ts'
import { Rate } from './rate.tsx'

interface Shown {
  readonly t: TFunction
  readonly groupOf: (model: Model) => ServingGroup
  readonly onOpen: (model: Model) => void
}

/** The columns of the list of models. */
export const modelColumns = ({ t, groupOf, onOpen }: Shown): readonly Column<Model>[] => [
  {
    key: 'id',
    title: t('models.model'),
    cell: (model) => <Name {...{ model, t, onOpen }} group={groupOf(model)} />,
  },
  {
    key: 'context',
    title: t('models.context'),
    width: '12%',
    align: 'right',
    from: 'desktop',
    cell: ({ context_window }) => <Tokens count={context_window} />,
  },
  {
    key: 'max_output',
    title: t('models.max_output'),
    width: '13%',
    align: 'right',
    from: 'desktop',
    cell: ({ max_output }) => <Tokens count={max_output} />,
  },
  {
    key: 'input',
    title: t('models.kind_input'),
    width: '13%',
    align: 'right',
    from: 'tablet',
    cell: (model) => <TokenRate {...{ model, t }} kind="input" group={groupOf(model)} />,
  },
  {
    key: 'cached',
    title: t('models.cached'),
    width: '13%',
    align: 'right',
    from: 'tablet',
    cell: (model) => <TokenRate {...{ model, t }} kind="cache_read" group={groupOf(model)} />,
  },
  {
    key: 'output',
    title: t('models.kind_output'),
    width: '128px',
    align: 'right',
    cell: (model) => <OutputRate {...{ model, t }} group={groupOf(model)} />,
  },
]

interface CellProps {
  readonly model: Model
  readonly group: ServingGroup
  readonly t: TFunction
}

function Name({ model, group, t, onOpen }: CellProps & Pick<Shown, 'onOpen'>) {
  const { id, provider } = model
  const under = [provider, group.name].filter((word) => word !== '').join(' · ')
  return (
    <>
      <Group gap={4} wrap="nowrap">
        <Anchor
          component="button"
          type="button"
          size="sm"
          fw={600}
          c="var(--mantine-color-text)"
          truncate
          title={id}
          aria-haspopup="dialog"
          onClick={() => onOpen(model)}
        >
          {id}
        </Anchor>
        <CopyIcon text={id} />
      </Group>
      <Text size="xs" c="dimmed" truncate title={under}>
        {under}
        {group.ratio === 1 ? null : ` ${t('models.times', { ratio: group.ratio })}`}
      </Text>
    </>
  )
}

function Tokens({ count }: { readonly count: number | null }) {
  return count === null ? <Rate dollars={undefined} /> : <Quantity value={count} compact />
}

function TokenRate({ model, group, kind, t }: CellProps & { readonly kind: TokenKind }) {
  if (model.price === null)
    return kind === 'input' ? t('models.free') : <Rate dollars={undefined} />
  return <Rate dollars={dollarsOf(model.price[kind], group.ratio)} />
}

/** What has no price of tokens is paid by the piece. On a phone there is no column for the input. */
function OutputRate({ model, group, t }: CellProps) {
  const { price } = model
  if (price === null) return t('models.free')
  const piece = PIECES.find((name) => price[name] !== undefined)
  const isByPiece = price.output === undefined && price.input === undefined && piece !== undefined
  return (
    <>
      <Rate dollars={dollarsOf(isByPiece ? price[piece] : price.output, group.ratio)} />
      {isByPiece ? (
        <Text size="xs" c="dimmed">
          {t(`models.${piece}`)}
        </Text>
      ) : (
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {t('models.kind_input')} <Rate dollars={dollarsOf(price.input, group.ratio)} />
        </Text>
      )}
    </>
  )
}
