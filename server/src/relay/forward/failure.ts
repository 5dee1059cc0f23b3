/**
 * Why an exchange with an upstream came to nothing, named by who is to blame. `detail` is for our log only: it may hold
 * addresses and the provider's words.
 */
export type Failure =
  /** No connection, or it was closed before the head of an answer came. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** Nothing was sent: the key was refused where it is exchanged for what lets a request in. */
  | { readonly kind: 'denied'; readonly detail: string }
  /** Too slow: no head, a pause between bytes, or all of it together. */
  | { readonly kind: 'too_slow'; readonly of: 'first_byte' | 'idle' | 'total' }
  /** The head of an answer came, its end did not. */
  | { readonly kind: 'broke_off'; readonly detail: string }
  /** What came is not HTTP. */
  | { readonly kind: 'not_http'; readonly detail: string }

/** Whether the same call may go to another channel, given that no byte of an answer went to the client. */
export function mayTryAnother(failure: Failure): boolean {
  switch (failure.kind) {
    case 'unreachable':
    case 'denied':
    case 'broke_off':
    case 'not_http':
      return true
    // The slow one may still be working on it, and be paid for it.
    case 'too_slow':
      return false
  }
}
