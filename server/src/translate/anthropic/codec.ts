import type { Codec } from '../codec.ts'
import { fates } from './fates.ts'
import { readAnswer } from './read-answer.ts'
import { readError } from './read-error.ts'
import { readRequest } from './read-request.ts'
import { AnthropicStreamReader } from './read-stream.ts'
import { writeAnswer } from './write-answer.ts'
import { writeRequest } from './write-request.ts'
import { AnthropicStreamWriter } from './write-stream.ts'

/** Anthropic's Messages. */
export const anthropicCodec: Codec = {
  dialect: 'anthropic',
  title: 'Anthropic Messages',
  fates,
  readRequest,
  writeRequest,
  readAnswer,
  writeAnswer,
  createStreamReader: () => new AnthropicStreamReader(),
  createStreamWriter: (context) => new AnthropicStreamWriter(context),
  readError,
}
