import { StartError } from './start-error.ts'
import type { Terminal } from './terminal.ts'

/** The management API of a gateway that runs, as the environment names it. */
export interface RunningGateway {
  /** The answer's `data`. @throws StartError with the gateway's own sentence. */
  // biome-ignore lint/suspicious/noExplicitAny: each answer has its own shape, described by the API
  ask(method: string, path: string, body?: object): Promise<any>
}

/** The gateway of `TURNPIKE_URL` and `TURNPIKE_TOKEN`; undefined when neither is set. */
export function runningGateway({ environment }: Terminal): RunningGateway | undefined {
  const url = environment.TURNPIKE_URL?.trim()
  const token = environment.TURNPIKE_TOKEN?.trim()
  if (!url && !token) return undefined
  if (!url || !token || !URL.canParse(url)) {
    throw new StartError(
      'TURNPIKE_URL (such as http://127.0.0.1:3000) and TURNPIKE_TOKEN (a personal access token) belong together.',
    )
  }
  return {
    async ask(method, path, body) {
      const answer = await reach(new URL(path, url), {
        method,
        headers: { authorization: token, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      const envelope = parse(text)
      if (envelope?.success === true) return envelope.data
      throw new StartError(
        `The gateway at ${url} says: ${envelope?.message ?? `status ${answer.status}, and no JSON`}`,
      )
    },
  }
}

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    const because = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    throw new StartError(`The gateway at ${url.origin} can't be reached: ${String(because)}`, {
      cause,
    })
  }
}

function parse(text: string): { success?: unknown; message?: unknown; data?: unknown } | undefined {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}
