import type { Codec } from '../codec.ts'
import { fates } from './fates.ts'
import { readAnswer, readError } from './read-answer.ts'
import { readRequest } from './read-request.ts'
import { createStreamReader } from './read-stream.ts'
import { writeAnswer } from './write-answer.ts'
import { writeRequest } from './write-request.ts'
import { createStreamWriter } from './write-stream.ts'

/** OpenAI's `POST /v1/responses`, as its libraries and Codex send and read it. */
export const responsesCodec: Codec = {
  dialect: 'responses',
  title: 'OpenAI Responses',
  fates,
  readRequest,
  writeRequest,
  readAnswer,
  writeAnswer,
  createStreamReader,
  createStreamWriter,
  readError,
}
