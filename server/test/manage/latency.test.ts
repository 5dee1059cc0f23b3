import { expect, it } from 'vitest'
import { createLatency } from '../../src/metrics/latency.ts'

it('a histogram says how many were at most so long, by endpoint', () => {
  const latency = createLatency('request_seconds', 'How long.', [0.1, 1])
  for (const seconds of [0.05, 0.1, 0.5, 7]) latency.observe('chat', seconds)
  latency.observe('models', 1)
  expect(latency.text()).toBe(`# HELP request_seconds How long.
# TYPE request_seconds histogram
request_seconds_bucket{le="0.1",endpoint="chat"} 2
request_seconds_bucket{le="1",endpoint="chat"} 3
request_seconds_bucket{le="+Inf",endpoint="chat"} 4
request_seconds_sum{endpoint="chat"} 7.65
request_seconds_count{endpoint="chat"} 4
request_seconds_bucket{le="0.1",endpoint="models"} 0
request_seconds_bucket{le="1",endpoint="models"} 1
request_seconds_bucket{le="+Inf",endpoint="models"} 1
request_seconds_sum{endpoint="models"} 1
request_seconds_count{endpoint="models"} 1
`)
})
