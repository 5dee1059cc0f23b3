import { auth } from './auth.ts'

/** How those that vouch for people call themselves. */
const NAMES: Readonly<Record<string, string>> = { github: 'GitHub', google: 'Google' }

/** Undefined of one that the operator runs: what it is called, nobody said. */
export const providerName = (id: string): string | undefined => NAMES[id]

/** Where they send people back to: addresses of this console. */
export interface WaysBack {
  readonly callbackURL: string
  readonly errorCallbackURL: string
}

/** Begins to sign in by a provider; resolves with the page of it to go to. */
export async function signInBy(provider: string, back: WaysBack): Promise<string> {
  return (await auth.post<{ url: string }>('/sign-in/social', { provider, ...back })).url
}

/** The same for an account that shall be opened by it from now on. */
export async function linkTo(provider: string, back: WaysBack): Promise<string> {
  return (await auth.post<{ url: string }>('/link-social', { provider, ...back })).url
}
