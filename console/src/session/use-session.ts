import { useSuspenseQuery } from '@tanstack/react-query'
import { type Session, sessionQuery } from './session.ts'

/** The account that is signed in: below the shell there is one. */
export const useSession = (): Session => useSuspenseQuery(sessionQuery).data
