import type { Finish } from '../neutral/answer.ts'

const READ: ReadonlyMap<unknown, Finish> = new Map<unknown, Finish>([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['LANGUAGE', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
  ['IMAGE_SAFETY', 'content_filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content_filter'],
  ['IMAGE_RECITATION', 'content_filter'],
  ['CONTINUATION', 'pause'],
])

export function readFinish(reason: unknown, called: boolean): Finish {
  const finish = READ.get(reason) ?? 'stop'
  return finish === 'stop' && called ? 'tool_calls' : finish
}

const WRITTEN: Readonly<Record<Finish, string>> = {
  stop: 'STOP',
  stop_sequence: 'STOP',
  tool_calls: 'STOP',
  length: 'MAX_TOKENS',
  content_filter: 'SAFETY',
  refusal: 'SAFETY',
  pause: 'OTHER',
}

/** `malformed`: a call was left out, since its input is no JSON. */
export const writeFinish = (finish: Finish, malformed: boolean): string =>
  malformed && finish !== 'length' ? 'MALFORMED_FUNCTION_CALL' : WRITTEN[finish]
