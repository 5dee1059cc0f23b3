import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { isSignedOut, mayPass } from './failure.ts'

const FRESH_MS = 15_000
const TRIES = 2

/** The cache of everything that was asked of the API. `signedOut` is told of each call that found nobody signed in. */
export function createQueryClient(signedOut: () => void): QueryClient {
  const onError = (failure: unknown) => {
    if (isSignedOut(failure)) signedOut()
  }
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, failure) => failures < TRIES && mayPass(failure),
        // The API is on the page's own server: whether the machine is online says nothing about it.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}
