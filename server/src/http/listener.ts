import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { idHeaders } from './answer-headers.ts'
import { createBrokenRequest } from './broken-request.ts'
import { answerPreflight, CORS_HEADERS, isOpenPath } from './cors.ts'
import {
  createModelDoor,
  type ModelDoor,
  type ModelDoorParts,
  type ModelRoute,
} from './model-door.ts'
import { routeOf } from './path.ts'
import { isHandshake } from './upgrade.ts'

/** Contract 5. */
const MOST_HEADER_BYTES = 64 * 1024
/** A caller that sends its head or body by drops holds a connection no longer than this. */
const ARRIVAL: Arrival = { headMs: 30_000, wholeMs: 600_000, checkMs: 5_000 }
/** Longer than the idle time of usual proxies, which must be the ones to close. */
const KEEP_ALIVE_MS = 75_000

/** How long requests may take to arrive, and how often that is looked at. */
export interface Arrival {
  readonly headMs: number
  readonly wholeMs: number
  readonly checkMs: number
}

export interface ListenerParts extends Omit<ModelDoorParts, 'ended'> {
  /** The management API: everything that is no model request. */
  readonly manage: (request: IncomingMessage, response: ServerResponse) => void
  /** Tests have less time. */
  readonly arrival?: Arrival
}

export interface Listener {
  readonly server: Server
  /** Requests whose answers are not complete yet. */
  readonly running: () => number
  /** Called whenever the last running request has ended. */
  onIdle(listener: () => void): void
  /** Closes every connection, whatever it is used for. */
  cutAll(): void
}

/** The one door: model requests go to the relay, all else to the management API. */
export function createListener(parts: ListenerParts): Listener {
  let running = 0
  let idle: (() => void) | undefined
  function ended() {
    if (--running === 0) idle?.()
  }
  const door = createModelDoor({ ...parts, ended })

  function receive(request: IncomingMessage, response: ServerResponse): void {
    running++
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    const route = routeOf(request.method ?? 'GET', path)
    if (parts.draining()) response.setHeader('Connection', 'close')
    if (route.to !== 'manage' && request.method !== 'OPTIONS') {
      door.open(request, response, { route, query: mark < 0 ? '' : url.slice(mark) })
      return
    }
    response.on('close', ended)
    if (request.method === 'OPTIONS' && (route.to !== 'manage' || isOpenPath(path))) {
      answerPreflight(request, response, idHeaders(parts.nextId()))
      return
    }
    if (path === '/' && request.method === 'HEAD') {
      response.writeHead(response.statusCode, idHeaders(parts.nextId()))
      response.end()
      return
    }
    if (isOpenPath(path)) openToBrowsers(response)
    // Fastify looks at no header that asks for a body; whoever waits for the word gets it.
    if (request.headers.expect !== undefined) response.writeContinue()
    parts.manage(request, response)
  }

  const upgrades = createUpgrades(door, () => running++)
  const { arrival = ARRIVAL } = parts
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: arrival.headMs,
      requestTimeout: arrival.wholeMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: arrival.checkMs,
      shouldUpgradeCallback: isHandshake,
    },
    receive,
  )
  // Checks 1 to 6 come before a body is asked for, so the answer `100 Continue` is not Node's to give.
  server.on('checkContinue', receive)
  server.on('upgrade', upgrades.receive)
  server.on('clientError', createBrokenRequest(parts))
  return {
    server,
    running: () => running,
    onIdle(listener) {
      idle = listener
    },
    cutAll() {
      server.closeAllConnections()
      upgrades.cutAll()
    },
  }
}

/** Connections that Node's server has let go of. */
function createUpgrades(door: ModelDoor, begins: () => void) {
  const open = new Set<Socket>()
  return {
    receive(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
      begins()
      const socket = duplex as Socket
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      // Node has taken its own listener away, and an error without one would end the process.
      socket.on('error', () => socket.destroy())
      const url = request.url ?? '/'
      const mark = url.indexOf('?')
      const route = routeOf('GET', mark < 0 ? url : url.slice(0, mark)) as ModelRoute
      door.upgrade({ request, socket, head }, { route, query: mark < 0 ? '' : url.slice(mark) })
    },
    cutAll(): void {
      for (const socket of open) socket.destroy()
    },
  }
}

function openToBrowsers(response: ServerResponse): void {
  for (let at = 0; at + 1 < CORS_HEADERS.length; at += 2) {
    response.setHeader(CORS_HEADERS[at] as string, CORS_HEADERS[at + 1] as string)
  }
}
