import type { Channel } from '../channels/channel.ts'
import { demandsOf } from '../channels/types/demands.ts'
import { TYPE_RULES } from '../channels/types/types.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { Refused } from '../errors.ts'
import { CODECS } from '../translate/codecs.ts'
import type { EmbeddingsAsked, EmbeddingsCodec } from '../translate/embeddings/codec.ts'
import { EMBEDDINGS } from '../translate/embeddings/codecs.ts'
import type { JsonObject } from '../translate/neutral/request.ts'
import { headersForDialect } from './forward/headers.ts'
import type { Translated } from './translate.ts'
import type { ModelCall } from './values.ts'

interface Asking {
  readonly call: ModelCall
  readonly headers: readonly string[]
  /** The provider's own id. */
  readonly model: string
}

/**
 * Embeddings for a channel that does not speak the caller's dialect.
 * @throws Refused `unsupported_parameter` where its provider has none, or can't be asked for these.
 */
export function translateEmbeddings(
  channel: Channel,
  { call, headers, model }: Asking,
): Translated {
  const { operation, name } = call.dialect
  const rules = TYPE_RULES[channel.type]
  const dialect = channel.dialects.find(
    (spoken) => EMBEDDINGS[spoken] !== undefined && rules.chatsOnly?.includes(spoken) !== true,
  )
  const codec = dialect && EMBEDDINGS[dialect]
  if (dialect === undefined || codec === undefined) {
    throw notOffered(operation, channel.dialects[0] as DialectName)
  }
  const embeddings = embeddingsCodecOf(name).readRequest(call.parsed.body(), operation)
  const path = rules.pathOf({
    ...{ dialect, operation: codec.operation, model, stream: false },
    ...{ baseUrl: channel.baseUrl, query: '' },
  })
  const body = Buffer.from(JSON.stringify(codec.writeRequest(embeddings, model)))
  const sent = headersForDialect(headers, demandsOf(dialect))
  const request = { method: 'POST', path, headers: sent, body } as const
  return { request, dialect, hideUsage: false, neutral: undefined, embeddings }
}

export const notOffered = (operation: string, dialect: DialectName) =>
  new Refused(
    'unsupported_parameter',
    `this model can't be used for ${operation}: its provider speaks ${CODECS[dialect].title}`,
  )

/** Of a dialect in which embeddings were asked for or are answered. */
export const embeddingsCodecOf = (dialect: DialectName): EmbeddingsCodec =>
  EMBEDDINGS[dialect] as EmbeddingsCodec

interface Given {
  readonly call: ModelCall
  readonly embeddings: EmbeddingsAsked
}

/** Tells an answer of a provider of that dialect as the caller reads it. */
export function embeddingsWriter(from: DialectName, { call, embeddings }: Given, model: string) {
  const reader = embeddingsCodecOf(from)
  const writer = embeddingsCodecOf(call.dialect.name)
  return (whole: JsonObject): string | undefined => {
    const given = reader.readAnswer(whole)
    if (given === undefined || given.vectors.length !== embeddings.texts.length) return undefined
    return JSON.stringify(writer.writeAnswer(given, embeddings, model))
  }
}
