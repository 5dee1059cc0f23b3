import { createRandom, type Random } from './random.ts'

/** Something that happens at a moment of virtual time. */
interface Due {
  readonly at: number
  readonly order: number
  readonly owner: Owner | undefined
  /** It wakes nobody's promise. */
  readonly quiet: boolean
  run: (() => void) | undefined
}

/** A process, to which things happen only while it runs. */
export class Owner {
  readonly name: string
  paused = false
  gone = false
  readonly backlog: Due[] = []
  constructor(name: string) {
    this.name = name
  }
}

/** What went wrong, by the invariant's words. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Virtual time, and everything that is going to happen in it. */
export class World {
  readonly random: Random
  /** Milliseconds. */
  now = 0
  /** Steps so far, and a number that two equal runs share. */
  steps = 0
  digest = 0
  readonly trace: string[] | undefined
  #failure: Error | undefined
  #order = 0
  readonly #heap: Due[] = []

  constructor(seed: number, tracing = false) {
    this.random = createRandom(seed)
    this.trace = tracing ? [] : undefined
  }

  /** Notes what happens, when somebody will read it. */
  note(who: string, what: () => string): void {
    this.trace?.push(`${this.now.toFixed(3).padStart(12)}  ${who.padEnd(8)} ${what()}`)
  }

  /** The first thing that went wrong ends the run after the present step. */
  fail(failure: unknown): void {
    this.#failure ??= failure instanceof Error ? failure : new Error(String(failure))
  }

  after(ms: number, run: () => void, owner?: Owner): () => void {
    return this.#push({ ms, run, owner, quiet: false })
  }

  /** The same, for what wakes nobody's promise: no microtasks are waited for. */
  quietly(ms: number, run: () => void): () => void {
    return this.#push({ ms, run, owner: undefined, quiet: true })
  }

  pause(owner: Owner): void {
    owner.paused = true
  }

  /** Everything that was due meanwhile happens now, in its order. */
  resume(owner: Owner): void {
    owner.paused = false
    // Whoever called one off meanwhile is heard.
    for (const due of owner.backlog.splice(0)) this.after(0, () => due.run?.(), owner)
  }

  /** Lets everything happen that is due before `until`. Throws what went wrong. */
  async run(until: number): Promise<void> {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > until) break
      pop(this.#heap)
      this.now = next.at
      const { run, owner } = next
      if (run === undefined || owner?.gone) continue
      if (owner?.paused) {
        owner.backlog.push(next)
        continue
      }
      this.#step(run)
      if (!next.quiet) await settled(this.steps)
      if (this.#failure !== undefined) throw this.#failure
    }
    this.now = until
    // Who looked at the end, between two steps, may have found something, too.
    if (this.#failure !== undefined) throw this.#failure
  }

  #step(run: () => void): void {
    this.steps++
    this.digest = (Math.imul(this.digest, 31) + Math.floor(this.now * 1_000)) | 0
    try {
      run()
    } catch (failure) {
      this.fail(failure)
    }
  }

  #push(wish: { ms: number; run: () => void; owner: Owner | undefined; quiet: boolean }) {
    const { ms, run, owner, quiet } = wish
    const due: Due = { at: this.now + Math.max(0, ms), order: this.#order++, owner, quiet, run }
    push(this.#heap, due)
    return () => {
      due.run = undefined
    }
  }
}

/**
 * Resolves when no promise has a callback left to run, however long their chains are: Node looks at its ticks only when
 * there are no microtasks left. Now and then the real loop turns, so that rejections that nobody handles are reported.
 */
const settled = (steps: number): Promise<void> =>
  new Promise((resolve) => {
    if (steps % 256 === 0) setImmediate(resolve)
    else process.nextTick(resolve)
  })

const before = (one: Due, other: Due): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

function push(heap: Due[], due: Due): void {
  let at = heap.length
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above] as Due
    if (!before(due, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = due
}

function pop(heap: Due[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= heap.length) break
    const right = heap[below + 1]
    if (right !== undefined && before(right, heap[below] as Due)) below++
    const child = heap[below] as Due
    if (!before(child, last)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
