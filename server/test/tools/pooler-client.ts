import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { bodyOf, fatal, int32, kindOf, messageOf, messagesTo } from './postgres-messages.ts'

/** Who is let in: the pooler asks for the password itself, as PgBouncer does. */
export interface Admitting {
  readonly user: string
  readonly password: string
  readonly database: string
  /** What the server said of itself at its start. */
  readonly greeting: readonly Buffer[]
}

/** What becomes of a connection. */
export interface Admitted {
  /** The key by which its queries can be cancelled. */
  readonly onReady: (key: Buffer) => void
  readonly onMessage: (message: Buffer) => void
  readonly onCancel: (key: Buffer) => Promise<void>
}

const PROTOCOL = 196_608
const CANCEL = 80_877_102
/** For TLS, and for GSSAPI. */
const ENCRYPTIONS = new Set([80_877_103, 80_877_104])
/** PgBouncer's, without `ignore_startup_parameters`; it looks after some of these by itself. */
const PARAMETERS = new Set([
  ...['user', 'database', 'application_name', 'client_encoding'],
  ...['datestyle', 'timezone', 'standard_conforming_strings'],
])
const READY = messageOf('Z', Buffer.from('I'))
const ASK_PASSWORD = messageOf('R', int32(3))
const LET_IN = messageOf('R', int32(0))

/** A client's start: what it is refused for, its password, and then its messages. */
export function admitClient(socket: Socket, admitting: Admitting, then: Admitted): void {
  let early: Buffer = Buffer.alloc(0)
  const refuse = ({ state, says }: Refusal) => void socket.end(fatal(state, says))

  /** The first messages have no kind. */
  function begin(bytes: Buffer): void {
    early = Buffer.concat([early, bytes])
    const length = early.length < 4 ? Number.POSITIVE_INFINITY : early.readInt32BE(0)
    if (early.length < length) return
    const body = early.subarray(4, length)
    early = early.subarray(length)
    const code = body.readInt32BE(0)
    if (ENCRYPTIONS.has(code)) socket.write('N')
    else if (code === CANCEL) {
      // The server has heard of it before the connection ends.
      void then.onCancel(body.subarray(4)).finally(() => socket.end())
    } else {
      socket.removeListener('data', begin)
      const parameters = parametersIn(body.subarray(4))
      const refusal = refusalOf(code, parameters, admitting)
      if (refusal === undefined) askPassword(parameters.get('user'))
      else refuse(refusal)
    }
  }

  function askPassword(user: string | undefined): void {
    let isIn = false
    const hear = (message: Buffer) => {
      if (isIn) then.onMessage(message)
      else if (isRight(message, user)) letIn()
      else refuse({ state: '28P01', says: 'password authentication failed' })
    }
    const isRight = (message: Buffer, name: string | undefined) =>
      kindOf(message) === 'p' &&
      name === admitting.user &&
      bodyOf(message).toString() === `${admitting.password}\0`
    function letIn(): void {
      isIn = true
      const key = randomBytes(8)
      socket.write(Buffer.concat([LET_IN, ...admitting.greeting, messageOf('K', key), READY]))
      then.onReady(key)
    }
    socket.on('data', messagesTo(hear))
    socket.write(ASK_PASSWORD)
  }

  socket.on('data', begin)
}

interface Refusal {
  readonly state: string
  readonly says: string
}

function refusalOf(
  code: number,
  parameters: ReadonlyMap<string, string>,
  { database }: Admitting,
): Refusal | undefined {
  if (code !== PROTOCOL) return { state: '08P01', says: `unsupported protocol: ${code}` }
  const odd = [...parameters.keys()].find((name) => !PARAMETERS.has(name.toLowerCase()))
  if (odd !== undefined) return { state: '08P01', says: `unsupported startup parameter: ${odd}` }
  const isOurs = parameters.get('database') === database
  return isOurs ? undefined : { state: '3D000', says: 'no such database' }
}

/** Names and values in turn, each ended by a zero. */
function parametersIn(body: Buffer): Map<string, string> {
  const parts = body.toString().split('\0')
  const found = new Map<string, string>()
  for (let at = 0; parts[at]; at += 2) found.set(parts[at] ?? '', parts[at + 1] ?? '')
  return found
}
