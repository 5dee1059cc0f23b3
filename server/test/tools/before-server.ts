import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Listens in the place of the server that `url` leads to, until the test is over; resolves with the URL that leads here. */
export async function listenBefore(url: string, serve: (client: Socket) => void): Promise<string> {
  const server = createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return Object.assign(new URL(url), { port: String(port) }).href
}
