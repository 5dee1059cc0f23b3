import { Refused } from '../../errors.ts'
import { isObject, listAt, needed, numberAt, objectAt, textAt, wrong } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'
import type { EmbeddingsAsked, EmbeddingsCodec, EmbeddingsGiven } from './codec.ts'
import { vectorIn } from './vector.ts'

/** Gemini's `embedContent` and `batchEmbedContents`. */
export const geminiEmbeddings: EmbeddingsCodec = {
  operation: 'batchEmbedContents',
  readRequest(body, operation) {
    if (operation === 'embedContent') return { ...one(body, ''), operation, asBase64: false }
    const requests = listAt(body.requests, 'requests').map((request, at) =>
      one(objectAt(request, `requests[${at}]`) ?? {}, `requests[${at}].`),
    )
    const [first] = requests
    needed(first, 'requests')
    return {
      texts: requests.flatMap(({ texts }) => texts),
      dimensions: same(requests, 'dimensions', 'outputDimensionality'),
      task: requests.every(({ task }) => task === first?.task) ? first?.task : undefined,
      operation,
      asBase64: false,
    }
  },
  writeRequest({ texts, dimensions, task }, model) {
    const requests = texts.map((text) => ({
      model: `models/${model}`,
      content: { parts: [{ text }] },
      ...(task !== undefined && { taskType: task }),
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
    }))
    return { requests }
  },
  readAnswer,
  writeAnswer({ vectors, tokens }, { operation }) {
    const embeddings = vectors.map((values) => ({ values }))
    return {
      ...(operation === 'embedContent' ? { embedding: embeddings[0] } : { embeddings }),
      ...(tokens !== undefined && { usageMetadata: { promptTokenCount: tokens } }),
    }
  },
}

type One = Pick<EmbeddingsAsked, 'texts' | 'dimensions' | 'task'>

/** Google's parser takes every member in two spellings; newer ones have the options in an object of their own. */
function one(request: JsonObject, place: string): One {
  const config = objectAt(
    request.embedContentConfig ?? request.embed_content_config,
    `${place}config`,
  )
  const member = (camel: string, snake: string) =>
    request[camel] ?? request[snake] ?? config?.[camel] ?? config?.[snake]
  const dimensions = member('outputDimensionality', 'output_dimensionality')
  const title = textAt(member('title', 'title'), `${place}title`)
  const text = textOf(request.content, `${place}content`)
  return {
    // A title is part of what is found later; other providers have no place of its own for it.
    texts: [title === undefined ? text : `${title}\n\n${text}`],
    dimensions: numberAt(dimensions, `${place}outputDimensionality`),
    task: textAt(member('taskType', 'task_type'), `${place}taskType`),
  }
}

function textOf(content: unknown, place: string): string {
  const { parts } = needed(objectAt(content, place), place)
  const texts = listAt(parts, `${place}.parts`).map((part, at) => {
    const where = `${place}.parts[${at}]`
    if (!isObject(part)) return wrong(where, 'an object')
    const text = textAt(part.text, `${where}.text`)
    if (text !== undefined) return text
    throw new Refused('unsupported_parameter', `${where}: this model embeds texts only`)
  })
  return texts.join('\n')
}

/** What can be said only once for all. @throws Refused */
function same<K extends keyof One>(requests: readonly One[], member: K, name: string): One[K] {
  const value = (requests[0] as One)[member]
  if (requests.every((request) => request[member] === value)) return value
  throw new Refused(
    'unsupported_parameter',
    `${name} must be the same in all requests for this model`,
  )
}

function readAnswer(body: JsonObject): EmbeddingsGiven | undefined {
  const { usageMetadata } = body
  const embeddings = body.embeddings ?? [body.embedding]
  if (!Array.isArray(embeddings)) return undefined
  const vectors: (readonly number[])[] = []
  for (const embedding of embeddings) {
    const vector = isObject(embedding) ? vectorIn(embedding.values) : undefined
    if (vector === undefined) return undefined
    vectors.push(vector)
  }
  const tokens = isObject(usageMetadata) ? usageMetadata.promptTokenCount : undefined
  return { vectors, tokens: typeof tokens === 'number' ? tokens : undefined }
}
