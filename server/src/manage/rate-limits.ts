import Type from 'typebox'
import { MOST_CONCURRENT, MOST_RPM, MOST_TPM } from '../rates/limits.ts'

const limit = (maximum: number, says: string) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum }), Type.Null()], {
      description: `${says} Absent = no limit; null takes it away again.`,
    }),
  )

/** Rate limits as they can be sent of a key or an account. */
export const limitFields = {
  rpm_limit: limit(MOST_RPM, 'Most requests in any 60 seconds.'),
  tpm_limit: limit(MOST_TPM, 'Most tokens, input and output, in any 60 seconds.'),
  max_concurrent: limit(MOST_CONCURRENT, 'Most calls running at a time.'),
}

const shown = (says: string) =>
  Type.Optional(Type.Integer({ description: `${says} Absent when not set.` }))

/** The same as records show them. */
export const limitsShown = {
  rpm_limit: shown('Most requests in any 60 seconds.'),
  tpm_limit: shown('Most tokens in any 60 seconds.'),
  max_concurrent: shown('Most calls running at a time.'),
}
