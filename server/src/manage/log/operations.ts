import type { Rooms } from '../rooms.ts'
import { latencyOfOwnLogs } from './latency.ts'
import { listLogs, listOwnLogs } from './list.ts'
import { priceOfOwnLog } from './price.ts'
import { seriesOfAll, seriesOfOwn } from './series.ts'
import { statOfLogs, statOfOwnLogs } from './stat.ts'

/** The operations on usage records. */
export const logOperations = (rooms: Rooms) => [
  listOwnLogs(rooms),
  listLogs(rooms),
  statOfOwnLogs(rooms),
  statOfLogs(rooms),
  latencyOfOwnLogs(rooms),
  priceOfOwnLog(rooms),
  seriesOfOwn(rooms),
  seriesOfAll(rooms),
]
