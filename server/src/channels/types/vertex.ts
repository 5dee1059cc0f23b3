import { BaseUrlError, parseHttpUrl, pathOf, refuseQuery } from '../base-url.ts'
import type { Access, AccessTokens, Entrance } from './access.ts'
import { openaiCompatible } from './openai.ts'
import type { TypeRules } from './rules.ts'
import { readServiceAccount } from './service-account.ts'

const PLACE = /^(\/v1(?:beta1)?\/projects\/[^/]+\/locations\/[^/]+)(?:\/endpoints\/([^/]+))?$/
const FORMS =
  'base_url must be https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}, with or without /endpoints/openapi'

/** Google's Vertex AI, by its chat completions, with the key of a service account. */
export const vertex: TypeRules = {
  ...openaiCompatible,
  needsKeys: true,
  parseBaseUrl(text) {
    const url = parseHttpUrl(text)
    refuseQuery(url)
    const [, place, endpoint = 'openapi'] = PLACE.exec(pathOf(url)) ?? []
    if (place === undefined) throw new BaseUrlError(FORMS)
    return { origin: url.origin, pathPrefix: `${place}/endpoints/${endpoint}` }
  },
  whyNotKey(key) {
    const account = readServiceAccount(key)
    return typeof account === 'string' ? account : undefined
  },
  modelsPath: () => undefined,
  accessTo: ({ keys }, { tokens }) => createAccess(keys, tokens),
}

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
