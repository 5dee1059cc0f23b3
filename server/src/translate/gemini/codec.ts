import type { Codec } from '../codec.ts'
import { fates } from './fates.ts'
import { readAnswer, readError } from './read-answer.ts'
import { readRequest } from './read-request.ts'
import { createStreamReader } from './read-stream.ts'
import { writeAnswer } from './write-answer.ts'
import { writeRequest } from './write-request.ts'
import { createStreamWriter } from './write-stream.ts'

/** Gemini's `generateContent` and `streamGenerateContent`, as Google's libraries send and read them. */
export const geminiCodec: Codec = {
  dialect: 'gemini',
  title: 'Gemini',
  fates,
  readRequest,
  writeRequest,
  readAnswer,
  writeAnswer,
  createStreamReader,
  createStreamWriter,
  readError,
}
