import { correctionsOf } from '../../usage/corrections.ts'
import { type Aftermath, type LogRecord, toLogRecord } from '../../usage/log-record.ts'
import type { UsageRow } from '../../usage/logs.ts'
import type { Rooms } from '../rooms.ts'

/** What became of these calls, by request. Few began a job: nothing is asked for the others. */
export async function aftermathOf(
  { store, jobs }: Pick<Rooms, 'store' | 'jobs'>,
  rows: readonly UsageRow[],
): Promise<(row: UsageRow) => Aftermath> {
  const began = rows.filter(({ details }) => details?.includes('"job"'))
  const [found, corrections] = await Promise.all([
    jobs.ofRequests(began.map(({ request_id }) => request_id)),
    correctionsOf(
      store,
      rows.map(({ request_id }) => request_id),
    ),
  ])
  const byRequest = new Map(found.map((job) => [job.requestId, job]))
  return ({ request_id: id }) => ({ job: byRequest.get(id), corrected: corrections.get(id) })
}

/** Records as their owner sees them. */
export async function withAftermath(
  rooms: Pick<Rooms, 'store' | 'jobs'>,
  rows: readonly UsageRow[],
): Promise<readonly LogRecord[]> {
  const aftermath = await aftermathOf(rooms, rows)
  return rows.map((row) => toLogRecord(row, aftermath(row)))
}
