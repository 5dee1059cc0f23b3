import type { Judge } from './look.ts'

/** What could not be made costs nothing; what was made costs what was charged. */
export const judgeVideo: Judge = (_parts, _job, { status }) => {
  if (status === 'completed') return { state: 'completed', cost: undefined }
  if (status === 'cancelled') return { state: 'cancelled', cost: 0 }
  return status === 'failed' ? { state: 'failed', cost: 0 } : undefined
}
