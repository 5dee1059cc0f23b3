import { Refused } from '../errors.ts'
import type { NeutralRequest } from './neutral/request.ts'

/** Everything that a call may ask for and that not every dialect can say, with what it is called in the docs. */
export const FEATURES = {
  system: 'System prompt',
  mid_system: 'Instructions in the midst of a conversation',
  prefill: 'A last message of the assistant, to be continued',
  image_url: 'Images by URL',
  image_bytes: 'Images, inline',
  image_detail: 'How closely an image is looked at',
  audio: 'Audio, inline',
  video: 'Video',
  file_bytes: 'Files (PDF), inline',
  file_url: 'Files by URL',
  stored_file: 'Files kept by a provider, by id',
  tools: 'Tools',
  strict_tools: 'Tools with strict schemas',
  custom_tools: 'Tools that take free text',
  hosted_tools: 'Tools that the provider runs',
  spare_tools: 'The same, searching or drawing, beside tools of the caller',
  tool_result_media: 'Images and files in results of tools',
  tool_failure: 'Results that say that the tool failed',
  tool_choice_none: 'Tool choice: none',
  tool_choice_required: 'Tool choice: any tool',
  tool_choice_named: 'Tool choice: this tool',
  tool_choice_allowed: 'Tool choice: some of the tools',
  one_tool_call: 'At most one tool call in an answer',
  json: 'Any JSON as output',
  json_schema: 'Output by a JSON schema',
  reasoning_effort: 'Reasoning effort, in words',
  reasoning_budget: 'Reasoning budget, in tokens',
  reasoning_shown: 'Reasoning shown in the answer',
  reasoning_kept: 'Reasoning kept across turns (signatures, redacted blocks)',
  stop: 'Stop sequences',
  temperature: 'Temperature',
  top_p: 'Top p',
  top_k: 'Top k',
  frequency_penalty: 'Frequency penalty',
  presence_penalty: 'Presence penalty',
  seed: 'Seed',
  logit_bias: 'Biases of single tokens',
  choices: 'Several answers to one call',
  logprobs: 'Log probabilities',
  prediction: 'Predicted output',
  verbosity: 'Verbosity',
  audio_output: 'Audio as output',
  image_output: 'Images as output',
  cache_marks: 'Prompt cache marks',
  prompt_cache_key: 'Prompt cache key',
  cached_content: 'Cached content, by name',
  citations: 'Citations of documents that were sent',
  web_search: 'Web search, as an option of the call',
  safety_settings: 'Safety settings',
  service_tier: 'Service tier',
  end_user: 'End user',
  metadata: 'Metadata',
  store: 'Storing the answer with the provider',
  previous_response: 'Going on from a stored answer',
  background: 'Answering in the background',
  truncation: 'Leaving out what is too long',
  include: 'Further outputs',
} as const
export type Feature = keyof typeof FEATURES

/**
 * What becomes of a feature on its way into a dialect. `kept`: as it is. `changed`: by something that does nearly the same;
 * `how` says by what. `dropped`: left out, since the answer is as good without it. `refused`: without it the answer would be
 * another one than was asked for.
 */
export type Fate =
  | { readonly is: 'kept' }
  | { readonly is: 'changed' | 'dropped'; readonly how: string }
  | { readonly is: 'refused' }

export type Fates = Readonly<Record<Feature, Fate>>

export const KEPT: Fate = { is: 'kept' }
export const REFUSED: Fate = { is: 'refused' }
export const changed = (how: string): Fate => ({ is: 'changed', how })
export const dropped = (how: string): Fate => ({ is: 'dropped', how })

/**
 * @param provider what the channel speaks, for people.
 * @throws Refused `unsupported_parameter`, by the caller's own name for it.
 */
export function refuseWhatIsLost(request: NeutralRequest, fates: Fates, provider: string): void {
  for (const [feature, name] of request.uses) {
    if (fates[feature].is !== 'refused') continue
    throw new Refused(
      'unsupported_parameter',
      `${name} can't be used with ${request.model} here: its provider speaks ${provider}, which has nothing like it`,
    )
  }
}
