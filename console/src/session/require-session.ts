import type { QueryClient } from '@tanstack/react-query'
import { redirect } from '@tanstack/react-router'
import { isSignedOut } from '../api/failure.ts'
import { type Session, sessionQuery } from './session.ts'

interface Arriving {
  readonly context: { readonly queryClient: QueryClient }
  readonly location: { readonly href: string }
}

/** For `beforeLoad`: whoever is not signed in does so first, and comes back. */
export async function requireSession({ context, location }: Arriving): Promise<Session> {
  try {
    return await context.queryClient.ensureQueryData(sessionQuery)
  } catch (failure) {
    if (!isSignedOut(failure)) throw failure
    redirect({ to: '/sign-in', search: { return: location.href }, replace: true, throw: true })
    throw failure
  }
}
