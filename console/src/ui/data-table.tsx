import { Skeleton, VisuallyHidden } from '@mantine/core'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import {
  memo,
  type ReactNode,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import classes from './data-table.module.css'

export interface Column<Row> {
  readonly key: string
  readonly title: string
  /** Of a column whose cells speak for themselves: the title is for screen readers. */
  readonly hidesTitle?: true
  /** Of CSS, such as `20%`; without one the column takes its share of what is left. */
  readonly width?: string
  /** Numbers stand at the right, under each other. */
  readonly align?: 'right'
  /** Left out where there is no room for it. */
  readonly from?: 'tablet' | 'desktop'
  cell(row: Row): ReactNode
}

interface DataTableProps<Row> {
  /** Says what the table holds. */
  readonly label: string
  /** New ones draw every row again. */
  readonly columns: readonly Column<Row>[]
  /** Of all rows, also those that are not here yet. */
  readonly count: number
  /** `undefined` while the row is on its way. */
  readonly rowAt: (index: number) => Row | undefined
  readonly rowKey: (row: Row) => string | number
  /** Told which rows are on the screen. */
  readonly onShow?: (first: number, last: number) => void
}

const ROW_PX = 56
/** Rows beyond the screen, so that scrolling finds them there. */
const OVERSCAN = 8
const FIRST_OVERSCAN = 1

/**
 * A table of any length that scrolls with the page: only rows on the screen are in the document, between two rows that
 * are as high as the others would be, so it stays a table to assistive technology.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, count, rowAt, rowKey, onShow } = props
  const body = useRef<HTMLTableSectionElement>(null)
  // What nobody sees yet comes when there is time.
  const overscan = useDeferredValue(OVERSCAN, FIRST_OVERSCAN)
  // Not while it is drawn: each scrolled frame would be laid out for the question.
  const [top, setTop] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: what stands above may change with what is listed.
  useLayoutEffect(() => setTop(body.current?.offsetTop ?? 0), [count])
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => ROW_PX,
    overscan,
    // The reader alone scrolls. To go at the start where the page is already costs a layout of it.
    scrollToFn: noScroll,
    scrollMargin: top,
  })
  const items = virtual.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  useEffect(() => onShow?.(first, last), [onShow, first, last])
  const below = Math.max(0, count - 1 - last) * ROW_PX
  return (
    <div className={classes.frame}>
      <table className={classes.table} aria-label={label} aria-rowcount={count + 1}>
        <colgroup>
          {columns.map(({ key, width, from }) => (
            <col key={key} className={from && classes[from]} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={classesOf(column)}>
                {column.hidesTitle ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Spacer height={first * ROW_PX} />
          {items.map(({ index }) => {
            const row = rowAt(index)
            return (
              <BodyRow
                key={row === undefined ? `at ${index}` : rowKey(row)}
                columns={columns}
                row={row}
                index={index}
              />
            )
          })}
          <Spacer height={items.length === 0 ? 0 : below} />
        </tbody>
      </table>
    </div>
  )
}

const noScroll = () => undefined

interface BodyRowProps<Row> extends Pick<DataTableProps<Row>, 'columns'> {
  readonly row: Row | undefined
  readonly index: number
}

function PlainBodyRow<Row>({ columns, row, index }: BodyRowProps<Row>) {
  return (
    <tr aria-rowindex={index + 2} className={classes.row}>
      {columns.map((column) => (
        <td key={column.key} className={classesOf(column)}>
          {row === undefined ? <Skeleton height={12} width="70%" /> : column.cell(row)}
        </td>
      ))}
    </tr>
  )
}

/** Scrolling draws the rows that come, and none of those that stay. */
const BodyRow = memo(PlainBodyRow) as typeof PlainBodyRow

const classesOf = <Row,>({ align, from }: Column<Row>): string =>
  [align && classes[align], from && classes[from]].filter(Boolean).join(' ')

/** One cell: as many as there are columns would make room for those that are left out. */
function Spacer({ height }: { readonly height: number }) {
  if (height === 0) return null
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus, and this one holds nothing but height.
    <tr aria-hidden="true">
      <td className={classes.spacer} style={{ height }} />
    </tr>
  )
}
