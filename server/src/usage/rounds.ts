/** Work behind the calls that is done again and again, never twice at once. */
export interface Rounds {
  /** Does what there is to do; resolves when it is done. */
  run(): Promise<void>
  /** Ends the round that runs at its next stop. */
  close(): Promise<void>
}

export interface RoundsParts {
  readonly everyMs: number
  /** One round. It stops early where `over` says so. */
  readonly round: (over: () => boolean) => Promise<void>
  /** Told when a round of its own failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

export function createRounds({ everyMs, round, failed }: RoundsParts): Rounds {
  let running: Promise<void> | undefined
  let closed = false
  const run = () => {
    running ??= round(() => closed).finally(() => {
      running = undefined
    })
    return running
  }
  const timer = setInterval(() => run().catch(failed), everyMs).unref()
  return {
    run,
    async close() {
      closed = true
      clearInterval(timer)
      await running?.catch(failed)
    },
  }
}
