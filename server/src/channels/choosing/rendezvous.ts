import type { Channel } from '../channel.ts'

/**
 * The channel at which calls with this key (32 bits) meet: the highest of scores that depend on key and channel alone.
 * When it is gone, only its own calls go elsewhere, each key to its next best; weights divide the keys (weighted
 * rendezvous hashing). At least one channel, of positive weights or of none.
 */
export function meetingPlace(available: readonly Channel[], key: number): Channel {
  let best = available[0] as Channel
  let bestScore = 0
  for (const channel of available) {
    // Strictly between 0 and 1, so that the logarithm is below 0.
    const draw = (mixed(key ^ Math.imul(channel.id, 0x9e3779b1)) + 1) / 4_294_967_298
    const score = (channel.weight || 1) / -Math.log(draw)
    if (score <= bestScore) continue
    bestScore = score
    best = channel
  }
  return best
}

/** Murmur's last step: every bit of the key moves half of the result's. */
function mixed(bits: number): number {
  let hash = bits
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
