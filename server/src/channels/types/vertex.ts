import { BaseUrlError, parseHttpUrl, pathOf, refuseQuery } from '../base-url.ts'
import type { Access, AccessTokens, Entrance } from './access.ts'
import { methodOf } from './gemini.ts'
import { ON_VERTEX } from './hosted-messages.ts'
import { openaiCompatible, openaiPath } from './openai.ts'
import type { Addressed, TypeRules } from './rules.ts'
import { readServiceAccount } from './service-account.ts'

const PLACE = /^(\/v1(?:beta1)?\/projects\/[^/]+\/locations\/[^/]+)(?:\/endpoints\/([^/]+))?$/
const FORMS =
  'base_url must be https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}, with or without /endpoints/openapi'

/** Google's Vertex AI, by its chat completions, or by Gemini's or Anthropic's own API, with the key of a service account. */
export const vertex: TypeRules = {
  ...openaiCompatible,
  needsKeys: true,
  mayAlsoSpeak: ['gemini', 'anthropic'],
  parseBaseUrl(text) {
    const url = parseHttpUrl(text)
    refuseQuery(url)
    const [, place, endpoint = 'openapi'] = PLACE.exec(pathOf(url)) ?? []
    if (place === undefined) throw new BaseUrlError(FORMS)
    return { origin: url.origin, pathPrefix: place, chatPath: `/endpoints/${endpoint}` }
  },
  whyNotKey(key) {
    const account = readServiceAccount(key)
    return typeof account === 'string' ? account : undefined
  },
  pathOf: vertexPath,
  chatsOnly: ['gemini'],
  hosts: () => ON_VERTEX,
  objectPath: undefined,
  modelsPath: () => undefined,
  accessTo: ({ keys }, { tokens }) => createAccess(keys, tokens),
}

function vertexPath(call: Addressed): string {
  const { dialect, model, stream, baseUrl, query } = call
  switch (dialect) {
    case 'gemini':
      return `/publishers/google/models/${idOf(model)}:${methodOf(call)}`
    case 'anthropic': {
      // Google refuses queries that it does not know, such as `beta=true`.
      const method = stream ? 'streamRawPredict' : 'rawPredict'
      return `/publishers/anthropic/models/${idOf(model)}:${method}`
    }
    default:
      return `${baseUrl.chatPath ?? ''}${openaiPath(call)}${query}`
  }
}

/** Its chat completions want the publisher before the model; elsewhere it stands in the path. Versions come behind an `@`. */
const idOf = (model: string): string =>
  encodeURIComponent(model.replace(/^(?:google|anthropic)\//, '')).replaceAll('%40', '@')

function createAccess(keys: Entrance['keys'], tokens: AccessTokens): Access {
  return {
    authorise({ headers }, key) {
      const token = tokens.of(key)
      if (typeof token !== 'string') {
        return token.then((came) => void headers.push('authorization', `Bearer ${came}`))
      }
      headers.push('authorization', `Bearer ${token}`)
      return undefined
    },
    secrets: () => keys.flatMap((key) => tokens.known(key)),
  }
}
