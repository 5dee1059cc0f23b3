import { STAMPS } from '../lanes/lane.ts'
import type { Read } from '../reading-driver.ts'
import type { NodeStanding } from '../store.ts'

/** How many calls a lane's number stands for. Nodes of a former version count without stamps. */
const counted = (lane: string) =>
  `case when ${lane}.seq < ${STAMPS} then ${lane}.seq else ${lane}.seq / ${STAMPS} end`

/** What every node of the database holds, as one snapshot shows it. */
export function createNodes(read: Read, epoch: () => number) {
  return async (): Promise<readonly NodeStanding[]> => {
    const rows = await read(
      `select node.epoch as id, name, url, version, started_at,
        ${counted('move')} as moves, ${counted('settle')} as settles,
        coalesce(held.holds, 0) as holds, coalesce(held.units, 0) as units
      from node
        join node_lane move on move.epoch = node.epoch and move.lane = 'move'
        join node_lane settle on settle.epoch = node.epoch and settle.lane = 'settle'
        left join (
          select epoch, count(*) as holds, sum(granted - spent) as units from hold group by epoch
        ) as held on held.epoch = node.epoch
      order by node.epoch`,
      [],
    )
    // The columns are those of NodeStanding, but for who asks.
    return rows.map((row) => ({
      ...(row as unknown as Omit<NodeStanding, 'self'>),
      self: Number(row.id) === epoch(),
    }))
  }
}
