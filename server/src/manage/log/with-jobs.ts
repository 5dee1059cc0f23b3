import type { Job } from '../../jobs/job.ts'
import { type LogRecord, toLogRecord } from '../../usage/log-record.ts'
import type { UsageRow } from '../../usage/logs.ts'
import type { Rooms } from '../rooms.ts'

/** What became of what these calls began. Few did: nothing is asked for the others. */
export async function jobsOf(
  { jobs }: Pick<Rooms, 'jobs'>,
  rows: readonly UsageRow[],
): Promise<ReadonlyMap<string, Job>> {
  const began = rows.filter(({ details }) => details?.includes('"job"'))
  const found = await jobs.ofRequests(began.map(({ request_id }) => request_id))
  return new Map(found.map((job) => [job.requestId, job]))
}

/** Records as their owner sees them. */
export async function withJobs(
  rooms: Pick<Rooms, 'jobs'>,
  rows: readonly UsageRow[],
): Promise<readonly LogRecord[]> {
  const jobs = await jobsOf(rooms, rows)
  return rows.map((row) => toLogRecord(row, jobs.get(row.request_id)))
}
