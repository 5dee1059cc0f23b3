import { useElementSize } from '@mantine/hooks'
import { type PointerEvent, useState } from 'react'
import { ticksUpTo } from '../format/ticks.ts'
import classes from './bar-chart.module.css'

/** What bars are made of, from the ground up. */
export interface BarSeries {
  readonly name: string
  /** Of CSS. */
  readonly color: string
}

export interface Bar {
  readonly label: string
  /** Of each series, in their order; none is below 0. */
  readonly values: readonly number[]
}

interface BarChartProps {
  readonly series: readonly BarSeries[]
  readonly bars: readonly Bar[]
  readonly height: number
  /** The axis has round multiples of it. */
  readonly unit: number
  /** Whether parts of the unit may stand at the axis. */
  readonly parts: boolean
  readonly write: (value: number) => string
  /** The same where there is little room: at the axis. */
  readonly writeShort: (value: number) => string
}

const WIDEST_BAR_PX = 48
const LABEL_PX = 80
/** Narrower bars would vanish behind the lines between their parts. */
const LINED_BAR_PX = 8
const TICKS = 4

/**
 * Stacked bars, and what each holds where the pointer is. It says nothing to whoever can't see it: put a table beside it.
 * *Why not a library?* The one that was here weighed as much as half of the first page.
 */
export function BarChart({ series, bars, height, unit, parts, write, writeShort }: BarChartProps) {
  const { ref, width } = useElementSize()
  const [pointedAt, setPointedAt] = useState<number>()
  const ticks = ticksUpTo(Math.max(...bars.map(sumOf)), { unit, parts, count: TICKS })
  const barPx = Math.min(WIDEST_BAR_PX, (width / bars.length) * 0.8)
  const point = ({ currentTarget, clientX }: PointerEvent) => {
    const { left, width: whole } = currentTarget.getBoundingClientRect()
    const at = Math.floor(((clientX - left) / whole) * bars.length)
    setPointedAt(Math.min(bars.length - 1, Math.max(0, at)))
  }
  const pointed = pointedAt === undefined ? undefined : bars[pointedAt]
  return (
    <div className={classes.chart} style={{ height }} aria-hidden="true">
      <ol className={classes.ticks}>
        {ticks.map((tick) => (
          <li key={tick}>{writeShort(tick)}</li>
        ))}
      </ol>
      <div
        ref={ref}
        className={classes.plot}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setPointedAt(undefined)}
      >
        {ticks.map((tick, at) => (
          <span key={tick} className={classes.line} style={{ bottom: shareOf(at, ticks) }} />
        ))}
        {width > 0 ? (
          <Shapes
            series={series}
            bars={bars}
            top={ticks.at(-1) ?? 1}
            thickness={(barPx * bars.length) / width}
            lined={barPx >= LINED_BAR_PX}
          />
        ) : null}
        {pointedAt !== undefined && pointed !== undefined ? (
          <Pointed series={series} bar={pointed} at={pointedAt} count={bars.length} write={write} />
        ) : null}
      </div>
      <Labels bars={bars} width={width} />
    </div>
  )
}

const sumOf = ({ values }: Bar): number => values.reduce((sum, value) => sum + value, 0)

const shareOf = (at: number, ticks: readonly number[]): string =>
  `${(at / Math.max(1, ticks.length - 1)) * 100}%`

interface ShapesProps extends Pick<BarChartProps, 'series' | 'bars'> {
  readonly top: number
  /** Of a bar, where the place that it stands in is 1. */
  readonly thickness: number
  readonly lined: boolean
}

/** One path for each series, however many bars there are. */
function Shapes({ series, bars, top, thickness, lined }: ShapesProps) {
  const grounds = bars.map(() => 0)
  const paths = series.map((_, place) =>
    bars
      .map(({ values }, at) => {
        const value = values[place] ?? 0
        if (value === 0) return ''
        const ground = grounds[at] ?? 0
        grounds[at] = ground + value
        return `M${at + (1 - thickness) / 2} ${top - ground}h${thickness}v${-value}h${-thickness}z`
      })
      .join(''),
  )
  return (
    <svg
      className={classes.shapes}
      viewBox={`0 0 ${bars.length} ${top}`}
      preserveAspectRatio="none"
      data-lined={lined || undefined}
      aria-hidden="true"
    >
      {series.map(({ name, color }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two series may have one name, and their order is what they are.
        <path key={`${place} ${name}`} d={paths[place]} style={{ fill: color }} />
      ))}
    </svg>
  )
}

interface PointedProps extends Pick<BarChartProps, 'series' | 'write'> {
  readonly bar: Bar
  readonly at: number
  readonly count: number
}

/** What the bar holds, at the side where there is more room. */
function Pointed({ series, bar, at, count, write }: PointedProps) {
  const isLeft = at < count / 2
  const side = isLeft
    ? { left: `${((at + 1) / count) * 100}%` }
    : { right: `${(1 - at / count) * 100}%` }
  const held = series
    .map((one, place) => ({ ...one, place, value: bar.values[place] ?? 0 }))
    .filter(({ value }) => value > 0)
  return (
    <>
      <span
        className={classes.pointed}
        style={{ left: `${(at / count) * 100}%`, width: `${100 / count}%` }}
      />
      <div className={classes.held} style={side}>
        <strong>{bar.label}</strong>
        {held.length === 0 ? <span>{write(0)}</span> : null}
        {held.map(({ name, color, place, value }) => (
          <div key={place} className={classes.part}>
            <span className={classes.swatch} style={{ background: color }} />
            <span className={classes.name}>{name}</span>
            <span className={classes.value}>{write(value)}</span>
          </div>
        ))}
      </div>
    </>
  )
}

interface LabelsProps extends Pick<BarChartProps, 'bars'> {
  /** Of the plot, in pixels. */
  readonly width: number
}

/** As many as there is room for, at equal distances, the first of them at the first bar. */
function Labels({ bars, width }: LabelsProps) {
  const every = Math.ceil(bars.length / Math.max(1, Math.floor(width / LABEL_PX)))
  const placed = bars
    .map(({ label }, at) => ({ label, at, share: (at + 0.5) / bars.length }))
    .filter(({ at, share }) => at % every === 0 && (1 - share) * width >= LABEL_PX / 3)
  return (
    <div className={classes.labels}>
      {placed.map(({ label, at, share }) => (
        <span key={at} style={{ left: `${share * 100}%` }}>
          {label}
        </span>
      ))}
    </div>
  )
}
