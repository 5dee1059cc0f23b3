/** Anthropic's Messages as other clouds host them: the path names the model, the body the version. */
export interface HostedMessages {
  /** `anthropic_version`. */
  readonly version: string
  /** The path says whether to stream; the body must not. */
  readonly streamsByPath: boolean
  /** Betas are asked for in the body, not in a header. */
  readonly betasInBody: boolean
  /** The betas that are known there, and what they are called. Others are refused there, so they are left out. */
  readonly betas: ReadonlyMap<string, string>
}

/** Of Google and Amazon alike. */
const BETAS = [
  'compact-2026-01-12',
  'computer-use-2025-01-24',
  'computer-use-2025-11-24',
  'context-1m-2025-08-07',
  'context-management-2025-06-27',
  'interleaved-thinking-2025-05-14',
  'tool-search-tool-2025-10-19',
]

const betas = (...more: readonly string[]): ReadonlyMap<string, string> =>
  new Map([
    ...[...BETAS, ...more].map((name) => [name, name] as const),
    // Anthropic's own name for more than the clouds have of it.
    ['advanced-tool-use-2025-11-20', 'tool-search-tool-2025-10-19'],
  ])

export const ON_VERTEX: HostedMessages = {
  version: 'vertex-2023-10-16',
  streamsByPath: false,
  betasInBody: false,
  betas: betas('web-search-2025-03-05'),
}

export const ON_BEDROCK: HostedMessages = {
  version: 'bedrock-2023-05-31',
  streamsByPath: true,
  betasInBody: true,
  betas: betas('effort-2025-11-24', 'fine-grained-tool-streaming-2025-05-14'),
}

/** The betas of a header that are known there. */
export function hostedBetas({ betas }: HostedMessages, header: string): readonly string[] {
  const known = header.split(',').map((one) => betas.get(one.trim()))
  return [...new Set(known)].filter((one) => one !== undefined)
}
