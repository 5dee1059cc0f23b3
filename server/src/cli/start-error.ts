/** Why the program cannot start or do what was asked, in words for whoever sits at the terminal: shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** The `code` of a failed system call, such as `EADDRINUSE`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
