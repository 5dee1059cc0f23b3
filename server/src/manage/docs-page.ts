import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FastifyInstance, fastify } from 'fastify'
import { statusOf } from '../errors.ts'
import { failure } from './envelope.ts'

const PATH = '/docs'

/** No fonts, telemetry or proxies of others: the page must work without the internet, and nobody learns of its use. */
const CONFIGURATION = {
  url: '/api/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  proxyUrl: '',
  // These buttons lead to the services of the page's maker.
  showDeveloperTools: 'never',
  hideClientButton: true,
  // Shapes of records; `Models` are what is called.
  modelsSectionLabel: 'Schemas',
  pageTitle: 'Turnpike API',
} as const

const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'"

export interface DocsPageParts {
  readonly newId: () => string
  /** What every answer says about itself. */
  commonHeaders(requestId: string): Readonly<Record<string, string>>
}

export interface DocsPage {
  /** Whether a path belongs to the page. */
  owns(path: string): boolean
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
  close(): Promise<void>
}

/** The reference page. Its script has 5 MB, so it is loaded when somebody asks for the page first. */
export function createDocsPage(parts: DocsPageParts): DocsPage {
  let page: Promise<FastifyInstance> | undefined
  return {
    owns: (path) => path === PATH || path.startsWith(`${PATH}/`),
    async answer(request, response) {
      page ??= buildPage(parts)
      const app = await page
      app.routing(request, response)
    },
    close: async () => {
      await (await page)?.close()
    },
  }
}

async function buildPage({ newId, commonHeaders }: DocsPageParts): Promise<FastifyInstance> {
  const { default: reference } = await import('@scalar/fastify-api-reference')
  const app = fastify({ logger: false, return503OnClosing: false, genReqId: newId })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...commonHeaders(request.id), 'content-security-policy': POLICY })
  })
  app.setNotFoundHandler((_request, reply) => {
    const code = 'route_not_found'
    const body = failure(code, `the reference is a page that is read at ${PATH}`)
    return reply.code(statusOf(code)).header('x-error-code', code).send(body)
  })
  await app.register(reference, { routePrefix: PATH, configuration: CONFIGURATION })
  await app.ready()
  return app
}
