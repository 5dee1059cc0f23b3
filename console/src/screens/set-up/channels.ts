import { api, unwrap } from '../../api/client.ts'

/** What is asked of a first channel; everything else is as the API has it. */
export interface ChannelValues {
  readonly type: ProviderType
  readonly base_url: string
  readonly key: string
  readonly models: string[]
  /** Asked of servers that may be one's own. */
  readonly free: boolean
}

interface Provider {
  /** As the provider calls itself. */
  readonly name: string
  /** Where the channel needs none of its own; else an example of one. */
  readonly baseUrl: string
  readonly needsBaseUrl?: true
  /** Where the provider can't be asked which models it has (docs/channels.md). */
  readonly needsModels?: true
  /** It may be a server of the reader's own, without keys and prices. */
  readonly mayBeOwn?: true
}

export const PROVIDERS = {
  openai: { name: 'OpenAI', baseUrl: 'https://api.openai.com/v1' },
  anthropic: { name: 'Anthropic', baseUrl: 'https://api.anthropic.com/v1' },
  gemini: {
    name: 'Google Gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  },
  'openai-compatible': {
    name: 'OpenAI-compatible',
    baseUrl: 'http://localhost:11434/v1',
    ...{ needsBaseUrl: true, mayBeOwn: true },
  },
  azure: {
    name: 'Azure OpenAI',
    baseUrl: 'https://our-resource.openai.azure.com',
    ...{ needsBaseUrl: true, needsModels: true },
  },
  vertex: {
    name: 'Google Vertex AI',
    baseUrl:
      'https://europe-west4-aiplatform.googleapis.com/v1/projects/our-project/locations/europe-west4',
    ...{ needsBaseUrl: true, needsModels: true },
  },
  bedrock: {
    name: 'Amazon Bedrock',
    baseUrl: 'https://bedrock-runtime.eu-central-1.amazonaws.com',
    ...{ needsBaseUrl: true, needsModels: true },
  },
} as const satisfies Record<string, Provider>

export type ProviderType = keyof typeof PROVIDERS

export const providerOf = (type: ProviderType): Provider => PROVIDERS[type]

/** What one small real request through a channel found. */
export interface Trial {
  readonly channelId: number
  readonly ok: boolean
  /** 0 when the provider did not answer. */
  readonly status: number
  readonly latencyMs: number
  readonly message: string
}

/** Saves the channel, over the one of the last try if there was one, and makes a request through it. */
export async function saveAndTest(values: ChannelValues, id: number | undefined): Promise<Trial> {
  const channelId = await save(values, id)
  const tested = api.POST('/api/channel/{id}/test', {
    params: { path: { id: channelId } },
    body: {},
  })
  const { latency_ms: latencyMs, ...trial } = await unwrap(tested)
  return { channelId, latencyMs, ...trial }
}

/** Several ids that were pasted at once are one text. */
const idsIn = (text: string): string[] => text.split(/[\s,]+/).filter((id) => id !== '')

async function save(values: ChannelValues, id: number | undefined): Promise<number> {
  const { type, base_url: baseUrl, key, models, free } = values
  const body = {
    ...{
      name: type,
      type,
      models: models.flatMap(idsIn),
      free: free && providerOf(type).mayBeOwn === true,
    },
    ...(baseUrl.trim() === '' ? {} : { base_url: baseUrl.trim() }),
    keys: key.trim() === '' ? [] : [key.trim()],
  }
  if (id !== undefined) {
    await unwrap(api.PUT('/api/channel/{id}', { params: { path: { id } }, body }))
    return id
  }
  return (await unwrap(api.POST('/api/channel', { body }))).id
}
