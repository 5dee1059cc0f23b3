import type { Codec } from '../codec.ts'
import { fates } from './fates.ts'
import { readAnswer } from './read-answer.ts'
import { readError } from './read-error.ts'
import { readRequest } from './read-request.ts'
import { ChatStreamReader } from './read-stream.ts'
import { writeAnswer } from './write-answer.ts'
import { writeRequest } from './write-request.ts'
import { ChatStreamWriter } from './write-stream.ts'

/** OpenAI's chat completions, with what others made of them. */
export const openaiCodec: Codec = {
  dialect: 'openai',
  title: 'OpenAI chat completions',
  fates,
  readRequest,
  writeRequest,
  readAnswer,
  writeAnswer,
  createStreamReader: () => new ChatStreamReader(),
  createStreamWriter: (context) => new ChatStreamWriter(context),
  readError,
}
