import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { forgetSession, signOut } from './session.ts'

/** Ends the session, and forgets all that it showed. */
export function useSignOut() {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: signOut,
    async onSuccess() {
      await navigate({ to: '/sign-in' })
      forgetSession(queryClient)
    },
  })
}
