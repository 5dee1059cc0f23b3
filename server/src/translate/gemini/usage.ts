import type { Usage } from '../../usage/usage.ts'
import type { JsonObject } from '../neutral/request.ts'

export function writeUsage(usage: Usage): JsonObject {
  const { prompt, completion, cached, reasoning } = usage
  const { imageOut = 0 } = usage.parts ?? {}
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: Math.max(completion - reasoning, 0),
    totalTokenCount: prompt + completion,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    promptTokensDetails: details(prompt, { AUDIO: usage.audioIn, IMAGE: usage.image }),
    ...((usage.audioOut > 0 || imageOut > 0) && {
      candidatesTokensDetails: details(completion - reasoning, {
        AUDIO: usage.audioOut,
        IMAGE: imageOut,
      }),
    }),
  }
}

function details(all: number, others: Readonly<Record<string, number>>): readonly JsonObject[] {
  let text = all
  const out: JsonObject[] = []
  for (const [modality, tokenCount] of Object.entries(others)) {
    if (tokenCount === 0) continue
    text -= tokenCount
    out.push({ modality, tokenCount })
  }
  return [{ modality: 'TEXT', tokenCount: Math.max(text, 0) }, ...out]
}
