import Type, { type Static } from 'typebox'
import { JOB_ENDS, JOB_KINDS, type Job } from './job.ts'

/** What became of what a call began, as the API shows it beside the call's usage record. */
export const jobRecord = Type.Object(
  {
    id: Type.String({ description: "The provider's; empty where it never came to be known." }),
    kind: Type.Enum([...JOB_KINDS]),
    state: Type.Enum(['running', ...JOB_ENDS]),
    cost: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Units that it cost in the end; null while it runs.',
    }),
    correction: Type.Integer({
      description: 'Units that were charged besides `quota` or, below 0, given back.',
    }),
    shortfall: Type.Integer({ description: 'Units of the cost that nobody had left.' }),
  },
  { description: 'Of calls that began something which goes on behind their answer.' },
)

export const toJobRecord = (job: Job): Static<typeof jobRecord> => ({
  id: job.objectId,
  kind: job.kind,
  state: job.state,
  cost: job.cost ?? null,
  correction: job.correction ?? 0,
  shortfall: job.shortfall,
})
