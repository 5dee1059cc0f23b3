import Type from 'typebox'
import { operation } from '../operation.ts'

/** `GET /api/user/self/address`: what to write into a key's `allow_ips` to call from here. */
export const getOwnAddress = () =>
  operation({
    method: 'GET',
    path: '/api/user/self/address',
    scope: 'any',
    summary: 'The address that you call from, as this gateway sees it',
    tag: 'Your account',
    description:
      'By the same rules as for model requests: what a trusted proxy says counts, what others say does not.',
    data: Type.Object({ address: Type.String() }),
    run: async ({ ip }) => ({ data: { address: ip } }),
  })
