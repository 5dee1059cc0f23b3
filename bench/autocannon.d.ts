/** The part of autocannon that the benchmark uses; the package has no types of its own. */
declare module 'autocannon' {
  export interface Request {
    headers?: Record<string, string>
  }
  interface Options {
    url: string
    connections: number
    duration?: number
    amount?: number
    overallRate?: number
    method: string
    body: string
    headers: Record<string, string>
    timeout: number
    requests?: { setupRequest(request: Request): Request }[]
  }
  interface Result {
    duration: number
    requests: { total: number }
    latency: { p50: number; p99: number }
    statusCodeStats?: Record<string, { count: number }>
    errors: number
    timeouts: number
  }
  export default function autocannon(options: Options): Promise<Result>
}
