import type { DialectName } from '../../dialects/dialect.ts'
import { type BaseUrl, BaseUrlError, parseHttpUrl, pathOf, refuseQuery } from '../base-url.ts'
import type { Access } from './access.ts'
import { openaiPath, realtimePath } from './openai.ts'
import { type TypeRules, whyNotVisible } from './rules.ts'

const V1: readonly DialectName[] = ['openai', 'responses']
const DATED: readonly DialectName[] = ['openai']
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/
const V1_PATH = '/openai/v1'
const FORMS =
  'base_url must be https://{resource}.openai.azure.com/openai/v1, or .../openai/deployments?api-version=2024-10-21 for the dated API'

/** Azure OpenAI, by its v1 API, which takes a deployment for a model, or by the dated one, which has it in the path. */
export const azure: TypeRules = {
  standardBaseUrl: '',
  needsKeys: true,
  outputLimit: 'max_completion_tokens',
  parseBaseUrl: parseAzureUrl,
  whyNotKey: whyNotVisible,
  // The dated API has no Responses below a deployment.
  dialectsOf: ({ apiVersion }) => (apiVersion === undefined ? V1 : DATED),
  pathOf({ dialect, operation, id, baseUrl: { apiVersion }, model, query }) {
    const others = query === '' ? '' : withoutVersion(query)
    if (apiVersion === undefined)
      return `${openaiPath({ dialect, operation, id })}${others && `?${others}`}`
    const deployment = encodeURIComponent(model)
    return `/${deployment}${openaiPath({ dialect, operation, id })}?api-version=${apiVersion}${others && `&${others}`}`
  },
  // The dated API has them elsewhere, not below its deployments.
  objectPath({ apiVersion }, path, query) {
    if (apiVersion !== undefined) return undefined
    const others = query === '' ? '' : withoutVersion(query)
    return `${path}${others && `?${others}`}`
  },
  // Those of dated versions are a preview, deprecated since April 2026; the v1 API has the same deployments and keys.
  realtimePath: ({ model, query }) =>
    V1_PATH + realtimePath({ model, query: withoutVersion(query) }),
  // Its list is of what could be deployed, not of what is.
  modelsPath: () => undefined,
  accessTo: () => ACCESS,
}

function parseAzureUrl(text: string): BaseUrl {
  const url = parseHttpUrl(text)
  const { origin } = url
  const path = pathOf(url)
  if (path === '' || path === V1_PATH) {
    refuseQuery(url)
    return { origin, pathPrefix: V1_PATH }
  }
  const [, deployment] = /^\/openai\/deployments\/([^/]+)/.exec(path) ?? []
  const apiVersion = versionOf(url)
  if (deployment !== undefined) {
    const better = `${origin}/openai/deployments?api-version=${apiVersion ?? '2024-10-21'}`
    throw new BaseUrlError(
      `base_url must not name a deployment: send ${better}, and name deployments in models or model_mapping`,
    )
  }
  if (path !== '/openai/deployments' || apiVersion === undefined) throw new BaseUrlError(FORMS)
  return { origin, pathPrefix: path, apiVersion }
}

/** The version, if a URL asks for one and for nothing else. */
function versionOf({ searchParams }: URL): string | undefined {
  const version = searchParams.get('api-version')
  return version !== null && searchParams.size === 1 && API_VERSION.test(version)
    ? version
    : undefined
}

/** The version is the operator's to choose. */
function withoutVersion(query: string): string {
  const params = new URLSearchParams(query)
  params.delete('api-version')
  return params.toString()
}

const NOTHING: readonly string[] = []

const ACCESS: Access = {
  authorise({ headers }, key) {
    headers.push('api-key', key)
    return undefined
  },
  secrets: () => NOTHING,
}
