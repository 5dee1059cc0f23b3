import { Refused } from '../../errors.ts'
import { isObject, needed, numberAt, oneOfAt, wrong } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'
import type { EmbeddingsCodec, EmbeddingsGiven } from './codec.ts'
import { vectorIn } from './vector.ts'

/** OpenAI's `/v1/embeddings`. */
export const openaiEmbeddings: EmbeddingsCodec = {
  operation: 'embeddings',
  readRequest(body, operation) {
    const format = oneOfAt(body.encoding_format, ['float', 'base64'], 'encoding_format')
    return {
      texts: textsIn(body.input),
      dimensions: numberAt(body.dimensions, 'dimensions'),
      task: undefined,
      operation,
      asBase64: format === 'base64',
    }
  },
  writeRequest({ texts, dimensions }, model) {
    const input = texts.length === 1 ? texts[0] : texts
    return {
      model,
      input,
      encoding_format: 'float',
      ...(dimensions !== undefined && { dimensions }),
    }
  },
  readAnswer,
  writeAnswer({ vectors, tokens = 0 }, { asBase64 }, model) {
    const data = vectors.map((vector, index) => ({
      ...{ object: 'embedding', index },
      embedding: asBase64 ? base64Of(vector) : vector,
    }))
    const usage = { prompt_tokens: tokens, total_tokens: tokens }
    return { object: 'list', data, model, usage }
  },
}

function textsIn(input: unknown): readonly string[] {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(needed(input ?? undefined, 'input')))
    wrong('input', 'a string or a list of strings')
  const list = input as readonly unknown[]
  return list.map((one, at) => {
    if (typeof one === 'string') return one
    // Their numbers mean something in one vocabulary only.
    if (typeof one === 'number' || Array.isArray(one))
      throw new Refused('unsupported_parameter', TOKENS)
    return wrong(`input[${at}]`, 'a string')
  })
}

const TOKENS =
  'input: this model is of another provider and takes texts, no tokens; langchain has check_embedding_ctx_length=False for that'

/** In the order that the index says, which is nearly always that of the list. */
function readAnswer({ data, usage }: JsonObject): EmbeddingsGiven | undefined {
  if (!Array.isArray(data)) return undefined
  const vectors: (readonly number[])[] = new Array(data.length)
  for (const [place, one] of data.entries()) {
    const vector = isObject(one) ? vectorIn(one.embedding) : undefined
    if (vector === undefined) return undefined
    const { index } = one as JsonObject
    vectors[typeof index === 'number' && index < data.length ? index : place] = vector
  }
  const prompt = isObject(usage) ? (usage.prompt_tokens ?? usage.total_tokens) : undefined
  return {
    vectors: vectors.filter(Boolean),
    tokens: typeof prompt === 'number' ? prompt : undefined,
  }
}

function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (let at = 0; at < vector.length; at++) bytes.writeFloatLE(vector[at] as number, at * 4)
  return bytes.toString('base64')
}
