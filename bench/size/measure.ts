import { answered, type createClient } from './ask.ts'
import type { Question } from './question.ts'

/** Answers in milliseconds. */
export interface Measured {
  readonly name: string
  readonly median: number
  readonly p95: number
  readonly max: number
  /** The median with several asked at once. */
  readonly atOnce: number
  readonly goalMs: number | undefined
}

const AT_ONCE = 4

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

/** Asks a question many times, each time with other parameters: one after the other, then several at once. */
export async function measure(
  client: Pick<ReturnType<typeof createClient>, 'ask'>,
  question: Question,
  rounds: number,
): Promise<Measured> {
  const { name, goalMs } = question
  const once = async (n: number) => {
    const { ms, texts } = await answered(client, question.ask(n))
    const wrong = texts.find((text) => !question.expects.test(text))
    if (wrong !== undefined) throw new Error(`${name}: ${wrong.slice(0, 300)}`)
    return ms
  }
  // Statements are prepared and pages are read once.
  for (let n = 0; n < 2; n++) await once(n)
  const alone: number[] = []
  for (let n = 0; n < rounds; n++) alone.push(await once(n))
  const together: number[] = []
  let next = rounds
  const asking = Array.from({ length: AT_ONCE }, async () => {
    while (next < 2 * rounds) together.push(await once(next++))
  })
  await Promise.all(asking)
  return {
    name,
    median: percentile(alone, 0.5),
    p95: percentile(alone, 0.95),
    max: Math.max(...alone),
    atOnce: percentile(together, 0.5),
    goalMs,
  }
}

export function tableOf(measured: readonly Measured[]): string {
  const figure = (ms: number) => ms.toFixed(1)
  const rows = measured.map(({ name, median, p95, max, atOnce, goalMs }) => {
    const met = goalMs === undefined ? '' : median <= goalMs ? 'met' : 'missed'
    const figures = [median, p95, max, atOnce].map(figure).join(' | ')
    return `| ${name} | ${figures} | ${goalMs ?? 'none'} | ${met} |`
  })
  return [
    `| question | median | p95 | max | median, ${AT_ONCE} at once | goal | |`,
    '|---|---:|---:|---:|---:|---:|---|',
    ...rows,
  ].join('\n')
}
