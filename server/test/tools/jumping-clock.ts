/**
 * Imported into a process before its program (`--import`): a wall clock that jumps on SIGUSR2, each time by the next of the
 * milliseconds in CLOCK_JUMPS, as one does that a person or a time server sets. The monotonic clock goes on as it was.
 */
const jumps = (process.env.CLOCK_JUMPS ?? '').split(',').map(Number)
const { now } = Date
let ahead = 0

class JumpingDate extends Date {
  constructor(...given: [] | [number | string | Date]) {
    super(...((given.length === 0 ? [now() + ahead] : given) as [number]))
  }
  static override now() {
    return now() + ahead
  }
}

globalThis.Date = JumpingDate as DateConstructor
process.on('SIGUSR2', () => {
  ahead += jumps.shift() ?? 0
})
