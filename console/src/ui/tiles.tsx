import type { ReactNode } from 'react'
import classes from './tiles.module.css'

interface TilesProps {
  /** How many stand side by side where there is room. */
  readonly columns: 5 | 6
  readonly children: ReactNode
}

/** Figures at the head of a screen. */
export function Tiles({ columns, children }: TilesProps) {
  return (
    <dl className={classes.tiles} data-columns={columns}>
      {children}
    </dl>
  )
}

interface TileProps {
  readonly title: string
  /** What says more about the figure, in small. */
  readonly beside?: ReactNode
  readonly children: ReactNode
}

export function Tile({ title, beside, children }: TileProps) {
  return (
    <div className={classes.tile}>
      <dt>{title}</dt>
      <dd>{children}</dd>
      {beside !== undefined && <dd className={classes.beside}>{beside}</dd>}
    </div>
  )
}
