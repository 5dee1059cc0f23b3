import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { StartError, systemCode } from '../cli/start-error.ts'
import type { Config } from '../config.ts'
import { Refused } from '../errors.ts'
import { type ClientAddress, createClientAddress } from '../http/client-address.ts'
import { drain } from '../http/drain.ts'
import { createListener } from '../http/listener.ts'
import { createRequestIds } from '../http/request-ids.ts'
import { createRequestOrigin, type RequestOrigin } from '../http/request-origin.ts'
import { parseAddresses } from '../keys/address.ts'
import { createManageApp } from '../manage/app.ts'
import { operations } from '../manage/operations.ts'
import { masked } from '../relay/quoted.ts'
import { createSignInDoor } from '../sign-in/door.ts'
import type { BuiltRelay } from './relay.ts'
import type { Built } from './rooms.ts'

/** How long a caller may pause within its body. */
const BODY_IDLE_MS = 30_000
/** Made by `npm run console`. */
const CONSOLE_FOLDER = join(import.meta.dirname, '../../../console/dist')

export interface DoorParts {
  readonly config: Config
  readonly built: Built
  readonly relay: BuiltRelay
}

/** Opens the one door: model requests to the relay, all else to the management API. Resolves with its URL. */
export async function openDoor(parts: DoorParts, opened: AsyncDisposableStack): Promise<string> {
  const { config, built, relay } = parts
  const { rooms, draining } = built
  const trusted =
    config.trustedProxies.length === 0
      ? undefined
      : parseAddresses(config.trustedProxies.join('\n'))
  const clientAddress = createClientAddress(trusted)
  const visit = {
    clientAddress: manageAddress(clientAddress),
    origin: manageOrigin(createRequestOrigin(trusted), config.signIn.consoleUrl),
  }
  const manage = await createManageApp({
    rooms,
    operations: operations(rooms),
    ...visit,
    signIn: createSignInDoor({
      ...rooms,
      ...visit,
      ...{ signIn: config.signIn, secrets: rooms.vault.secretsFor('sign-in') },
    }),
    masked,
    consoleFolder: CONSOLE_FOLDER,
  })
  opened.defer(() => manage.close())
  const listener = createListener({
    ...relay,
    clientAddress,
    nextId: createRequestIds(rooms.random, rooms.now()),
    bodyBytes: () => rooms.settings.get('limits.body_bytes'),
    uploads: built.uploads,
    bodyIdleMs: BODY_IDLE_MS,
    errorType: () => rooms.settings.get('errors.type'),
    draining: rooms.program.draining,
    now: rooms.now,
    log: rooms.log,
    served: rooms.metrics.served,
    manage: manage.routing,
  })
  const url = await listen(listener.server, config)
  opened.defer(() =>
    drain({ listener, begin: draining.begin, patienceMs: config.drainSeconds * 1000 }),
  )
  return url
}

/** The management API has no key whose rules could refuse a forged address, so it refuses by itself. */
const manageAddress = (clientAddress: ClientAddress) => (request: IncomingMessage) => {
  const forwarded = request.headers['x-forwarded-for']
  const address = clientAddress(
    request.socket.remoteAddress ?? '',
    Array.isArray(forwarded) ? forwarded.join(',') : forwarded,
  )
  if (address !== undefined) return address
  throw new Refused('invalid_request', 'X-Forwarded-For holds something that is no address')
}

/** A proxy that nobody trusts still asks for the host of the console, which the operator says has TLS. */
function manageOrigin(requestOrigin: RequestOrigin, consoleUrl: string | undefined) {
  const console = consoleUrl === undefined ? undefined : new URL(consoleUrl)
  return (request: IncomingMessage): string => {
    const origin = requestOrigin(request)
    if (origin === undefined) {
      throw new Refused('invalid_request', 'the Host header holds something that is no host')
    }
    return console?.host === new URL(origin).host ? console.origin : origin
  }
}

async function listen(server: Server, { host, port }: Config): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new StartError(`Can't listen on ${host}, port ${port}: ${whyNot(error)}`, {
      cause: error,
    })
  }
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`
}

function whyNot(error: unknown): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return 'another program listens there. Stop it, or set PORT to another one.'
    case 'EACCES':
      return 'this user may not use that port. Set PORT to one above 1023.'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address. Set HOST to one of its own.'
    default:
      return String(error)
  }
}
