export interface Latency {
  observe(endpoint: string, seconds: number): void
  /** In Prometheus' text format, with a line break at its end. */
  text(): string
}

interface Observed {
  /** How many fell into each bucket, and into none, which is the last. */
  readonly counts: Float64Array
  sum: number
}

/**
 * A histogram by endpoint. Prometheus' client would take a microsecond for each request to find its bucket, as much as
 * all other metrics of a call together; `endpoint` comes from a fixed list, so nothing has to be escaped.
 */
export function createLatency(name: string, help: string, bounds: readonly number[]): Latency {
  const endpoints = new Map<string, Observed>()
  const open = (endpoint: string): Observed => {
    const observed = { counts: new Float64Array(bounds.length + 1), sum: 0 }
    endpoints.set(endpoint, observed)
    return observed
  }
  function linesOf(endpoint: string, { counts, sum }: Observed): string[] {
    let count = 0
    const buckets = [...bounds, '+Inf'].map((bound, at) => {
      count += counts[at] as number
      return `${name}_bucket{le="${bound}",endpoint="${endpoint}"} ${count}`
    })
    return [
      ...buckets,
      `${name}_sum{endpoint="${endpoint}"} ${sum}`,
      `${name}_count{endpoint="${endpoint}"} ${count}`,
    ]
  }
  return {
    observe(endpoint, seconds) {
      const observed = endpoints.get(endpoint) ?? open(endpoint)
      let at = 0
      while (at < bounds.length && seconds > (bounds[at] as number)) at++
      observed.counts[at] = (observed.counts[at] as number) + 1
      observed.sum += seconds
    },
    text() {
      const lines = [...endpoints].flatMap(([endpoint, observed]) => linesOf(endpoint, observed))
      return `${[`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines].join('\n')}\n`
    },
  }
}
