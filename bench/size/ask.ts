import { Agent, request } from 'node:http'

export interface Asked {
  readonly path: string
  readonly authorization: string
  /** Only until the first bytes are there. */
  readonly begun?: boolean
}

export interface Answer {
  readonly ms: number
  readonly text: string
}

/** Asks over connections that stay open, as a console does; an answer counts when its last byte is there. */
export function createClient(url: string) {
  const agent = new Agent({ keepAlive: true })
  const ask = ({ path, authorization, begun = false }: Asked) =>
    new Promise<Answer>((resolve, reject) => {
      const from = performance.now()
      const asking = request(url + path, { agent, headers: { authorization } }, (response) => {
        const chunks: Buffer[] = []
        const answered = () => {
          const text = Buffer.concat(chunks).toString()
          const ms = performance.now() - from
          if (response.statusCode === 200) resolve({ ms, text })
          else reject(new Error(`${path}: ${response.statusCode} ${text.slice(0, 300)}`))
        }
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          if (!begun) return
          answered()
          asking.destroy()
        })
        response.on('end', answered)
        response.on('error', reject)
      })
      asking.on('error', reject)
      asking.end()
    })
  return { ask, close: () => agent.destroy() }
}

/** Asks all at once, as a page does; answered when the last one is. */
export async function answered(
  { ask }: Pick<ReturnType<typeof createClient>, 'ask'>,
  asked: Asked | readonly Asked[],
): Promise<{ readonly ms: number; readonly texts: readonly string[] }> {
  const answers = await Promise.all([asked].flat().map(ask))
  return {
    ms: Math.max(...answers.map(({ ms }) => ms)),
    texts: answers.map(({ text }) => text),
  }
}
