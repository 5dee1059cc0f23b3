import type { Answered, GatewayCalls } from './calls.ts'

export interface BrowserOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** As the gateway is called from outside, where a proxy says another one than its own. */
  readonly origin?: string
}

/** A browser with the console open: it keeps cookies, and says where its page came from. */
export interface Browser {
  readonly cookies: Map<string, string>
  /** The `Set-Cookie` headers of the last answer. */
  readonly lastSet: readonly string[]
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered>
  signIn(username: string, password: string): Promise<Answered>
}

/** A gateway, in this process or another. */
export interface Reached extends Pick<GatewayCalls, 'api'> {
  readonly url: string
}

/** Opens one on a gateway. What it is told is looked through for secrets like every other answer. */
export function openBrowser(gateway: Reached, options: BrowserOptions = {}): Browser {
  const cookies = new Map<string, string>()
  let lastSet: readonly string[] = []
  const { origin = gateway.url, headers: always = {} } = options

  async function send(method: string, path: string, body?: unknown, headers = {}) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await gateway.api(method, path, body, {
      authorization: '',
      origin,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === '' ? {} : { cookie }),
      ...always,
      ...headers,
    })
    lastSet = answer.headers.getSetCookie()
    for (const set of lastSet) keep(cookies, set)
    return answer
  }
  return {
    cookies,
    get lastSet() {
      return lastSet
    },
    send,
    signIn: (username, password) =>
      send('POST', '/api/auth/sign-in/username', { username, password }),
  }
}

function keep(cookies: Map<string, string>, set: string): void {
  const [pair = ''] = set.split(';')
  const mark = pair.indexOf('=')
  const [name, value] = [pair.slice(0, mark), pair.slice(mark + 1)]
  if (value === '' || /max-age=0(;|$)/i.test(set)) cookies.delete(name)
  else cookies.set(name, value)
}
