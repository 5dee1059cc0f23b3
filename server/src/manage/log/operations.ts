import type { Rooms } from '../rooms.ts'
import { latencyOfOwnLogs } from './latency.ts'
import { listLogs, listOwnLogs } from './list.ts'
import { seriesOfAll, seriesOfOwn } from './series.ts'
import { statOfLogs, statOfOwnLogs } from './stat.ts'

/** The operations on usage records. */
export const logOperations = (rooms: Rooms) => [
  listOwnLogs(rooms),
  listLogs(rooms),
  statOfOwnLogs(rooms),
  statOfLogs(rooms),
  latencyOfOwnLogs(rooms),
  seriesOfOwn(rooms),
  seriesOfAll(rooms),
]
