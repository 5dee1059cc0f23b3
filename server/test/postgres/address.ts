import { connect, type Socket } from 'node:net'
import { listenBefore } from '../tools/before-server.ts'

/** The address that nodes are given, behind which the server can be lost, or another one take its place. */
export async function startAddress(url: string) {
  const sockets = new Map<Socket, Socket>()
  let to = new URL(url)
  const own = await listenBefore(url, (client) => {
    const upstream = connect(Number(to.port), to.hostname)
    client.pipe(upstream).pipe(client)
    sockets.set(client, upstream)
    client.on('close', () => sockets.delete(client))
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  return {
    url: own,
    pointTo(other: string) {
      to = new URL(other)
      for (const client of sockets.keys()) client.destroy()
    },
    /** For who comes from now on: connections stay where they lead. */
    pointNextTo(other: string) {
      to = new URL(other)
    },
    /** What is asked on the connections that there are still arrives, and is done; answers get lost. */
    loseAnswers() {
      for (const [client, upstream] of sockets) {
        upstream.unpipe(client)
        upstream.resume()
      }
    },
  }
}
