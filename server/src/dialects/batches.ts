import { Refused } from '../errors.ts'
import type { Dialect, DialectName, Operation } from './dialect.ts'
import { isObject, kept } from './judged.ts'
import { readMembers } from './members.ts'
import { openai } from './openai.ts'

/** OpenAI's batches: calls in a file, which are answered within a day at a lower price. */

const JUDGED: readonly string[] = [
  ...['input_file_id', 'endpoint', 'completion_window', 'model', 'output_expires_after'],
]

/** Answers of calls that go there name videos. */
export const VIDEO_ENDPOINT = '/v1/videos'

/** What the calls of a batch may be, by where they go. */
export const BATCH_ENDPOINTS: ReadonlyMap<string, { dialect: DialectName; operation: Operation }> =
  new Map([
    ['/v1/chat/completions', { dialect: 'openai', operation: 'chat' }],
    ['/v1/responses', { dialect: 'responses', operation: 'chat' }],
    ['/v1/completions', { dialect: 'openai', operation: 'completions' }],
    ['/v1/embeddings', { dialect: 'openai', operation: 'embeddings' }],
    ['/v1/moderations', { dialect: 'openai', operation: 'moderations' }],
    ['/v1/images/generations', { dialect: 'openai', operation: 'images/generations' }],
    ['/v1/images/edits', { dialect: 'openai', operation: 'images/edits' }],
    [VIDEO_ENDPOINT, { dialect: 'openai', operation: 'videos' }],
  ])

export const batches: Dialect = {
  ...openai,
  operation: 'batches',
  contentMember: 'id',
  limitEdits: () => [],
  readUsage: () => undefined,
  readIssued: ({ id }) => (typeof id === 'string' && id !== '' ? [{ kind: 'batch', id }] : []),
  parseCall(payload) {
    const { body, spans } = readMembers(payload, JUDGED)
    const { input_file_id: fileId, endpoint, model } = body
    if (typeof fileId !== 'string' || fileId === '') {
      throw new Refused('invalid_request', 'input_file_id is required: the id of an uploaded file')
    }
    if (typeof endpoint !== 'string' || !BATCH_ENDPOINTS.has(endpoint)) {
      const offered = [...BATCH_ENDPOINTS.keys()].join(', ')
      throw new Refused('invalid_request', `endpoint must be one of ${offered}`)
    }
    if (model !== undefined || isObject(body.input)) {
      throw new Refused('unsupported_parameter', 'leave out model: the lines of the file name it')
    }
    return {
      ...{ model: '', stream: false, outputLimit: 0, leastOutput: 0, choices: 1 },
      ...{ body: kept(payload, body), spans, stored: true },
      job: { kind: 'batch', fileId, endpoint },
      names: [{ kind: 'file', id: fileId, isImage: false }],
    }
  },
}
