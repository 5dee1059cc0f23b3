import { type Batch, SETTLED, STRIDE, TEXT_STRIDE } from './wire.ts'

/**
 * Memory that the relay's thread and the writing one share. A batch of settlements is laid down in it and a bell rung:
 * waking a thread that sleeps at the bell, and copying nothing into messages, costs both threads together some 30 us less
 * for two dozen of them than a message does, measured alone. What is rare (writes, huge batches) travels as a message, and the bell tells of it too.
 *
 * One batch is under way at a time, so what lies here is nobody else's until it was answered.
 */
export interface Mailbox {
  readonly memory: SharedArrayBuffer
  /** [times the bell was rung, settlements that lie here, bytes of their texts] */
  readonly control: Int32Array
  /** Of each settlement its STRIDE numbers; after those of the last one the lengths of all texts. */
  readonly numbers: Float64Array
  readonly settled: Float64Array
  /** All texts, one after the other, in UTF-8. */
  readonly texts: Buffer
}

const [BELL, COUNT, BYTES] = [0, 1, 2]
const MOST_SETTLEMENTS = 256
const MOST_BYTES = 256 * 768

/** A view of shared memory, which is made when none is given. */
export function openMailbox(given?: SharedArrayBuffer): Mailbox {
  const numbers = MOST_SETTLEMENTS * (STRIDE + TEXT_STRIDE)
  const settled = MOST_SETTLEMENTS * SETTLED
  const words = 2 + numbers + settled
  const memory = given ?? new SharedArrayBuffer(words * 8 + MOST_BYTES)
  return {
    memory,
    control: new Int32Array(memory, 0, 4),
    numbers: new Float64Array(memory, 16, numbers),
    settled: new Float64Array(memory, 16 + numbers * 8, settled),
    texts: Buffer.from(memory, words * 8),
  }
}

/** Lays a batch down; false when it does not fit, or is not of settlements alone. */
export function put(box: Mailbox, { order, numbers, texts }: Batch): boolean {
  const [count] = order
  if (order.length !== 1 || typeof count !== 'number' || count > MOST_SETTLEMENTS) return false
  const joined = texts.join('')
  // A character takes three bytes at most.
  if (joined.length * 3 > MOST_BYTES) return false
  box.numbers.set(numbers)
  let at = numbers.length
  for (const text of texts) box.numbers[at++] = text.length
  box.control[BYTES] = box.texts.write(joined, 'utf8')
  Atomics.store(box.control, COUNT, count)
  return true
}

/** Takes what lies there; `undefined`: nothing does. */
export function take(box: Mailbox): Batch | undefined {
  const count = Atomics.exchange(box.control, COUNT, 0)
  if (count === 0) return undefined
  const numbers = box.numbers.subarray(0, count * STRIDE)
  const joined = box.texts.toString('utf8', 0, box.control[BYTES])
  const texts: string[] = []
  let from = 0
  for (let n = 0; n < count * TEXT_STRIDE; n++) {
    const length = box.numbers[count * STRIDE + n] ?? 0
    texts.push(joined.slice(from, from + length))
    from += length
  }
  return { order: [count], numbers, texts }
}

/** Wakes the writing thread, or keeps it from falling asleep. */
export function ring({ control }: Mailbox): void {
  Atomics.add(control, BELL, 1)
  Atomics.notify(control, BELL)
}

/** Sleeps until the bell was rung since `heard`; says how often it was by now. */
export function sleep({ control }: Mailbox, heard: number): number {
  Atomics.wait(control, BELL, heard)
  return Atomics.load(control, BELL)
}
