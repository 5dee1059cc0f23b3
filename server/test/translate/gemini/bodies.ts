import type { JsonObject } from '../../../src/translate/neutral/request.ts'

/** Calls with everything in them that Gemini's documentation shows. */
export const FULL: JsonObject = {
  systemInstruction: { parts: [{ text: 'Be brief.' }] },
  contents: [
    {
      role: 'user',
      parts: [
        { text: 'What is this?' },
        { inlineData: { mimeType: 'image/png', data: 'aGk=' } },
        { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/a.pdf' } },
      ],
    },
    {
      role: 'model',
      parts: [
        { text: 'Let me look.', thought: true },
        {
          functionCall: { id: 'c1', name: 'look', args: { at: 'image', deep: { a: [1] } } },
          thoughtSignature: 'c2lnbmVk',
        },
        { functionCall: { name: 'look', args: {} } },
      ],
    },
    {
      role: 'user',
      parts: [
        {
          functionResponse: {
            id: 'c1',
            name: 'look',
            response: { output: 'a cat' },
            parts: [{ inlineData: { mimeType: 'image/png', data: 'aGk=' } }],
          },
        },
        { functionResponse: { name: 'look', response: { error: 'too dark' } } },
      ],
    },
  ],
  tools: [
    {
      functionDeclarations: [
        {
          name: 'look',
          description: 'Looks.',
          parameters: {
            type: 'OBJECT',
            properties: {
              at: { type: 'STRING', enum: ['image'], nullable: true },
              sizes: { type: 'ARRAY', items: { type: 'INTEGER' }, minItems: '1' },
              either: { anyOf: [{ type: 'STRING' }, { type: 'NUMBER' }] },
            },
            required: ['at'],
          },
        },
        {
          name: 'walk',
          parametersJsonSchema: {
            $schema: 'http://json-schema.org/draft-07/schema#',
            type: 'object',
            properties: { to: { $ref: '#/definitions/place', description: 'where' } },
            definitions: { place: { allOf: [{ type: 'string' }, { minLength: 1 }] } },
            additionalProperties: false,
          },
        },
      ],
    },
  ],
  toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look', 'walk'] } },
  safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
  generationConfig: {
    temperature: 1,
    topP: 0.9,
    topK: 40,
    seed: 7,
    maxOutputTokens: 500,
    candidateCount: 2,
    stopSequences: ['END'],
    presencePenalty: 0.5,
    frequencyPenalty: 0.5,
    responseLogprobs: true,
    logprobs: 3,
    responseMimeType: 'application/json',
    responseSchema: { type: 'OBJECT', properties: { name: { type: 'STRING' } } },
    thinkingConfig: { thinkingBudget: 1024, includeThoughts: true },
    mediaResolution: 'MEDIA_RESOLUTION_LOW',
  },
}

/** The same in Google's other spelling, with one where many may stand. */
export const SNAKE: JsonObject = {
  system_instruction: { parts: { text: 'Be brief.' } },
  contents: {
    role: 'USER',
    parts: { inline_data: { mime_type: 'image/png', data: 'aGk=' } },
  },
  tools: { function_declarations: [{ name: 'look', parameters_json_schema: { type: 'object' } }] },
  tool_config: { function_calling_config: { mode: 'none' } },
  generation_config: {
    max_output_tokens: 5,
    stop_sequences: ['END'],
    response_mime_type: 'application/json',
    response_json_schema: { type: 'object' },
    thinking_config: { thinking_level: 'low', include_thoughts: false },
  },
  service_tier: 'flex',
  cached_content: 'cachedContents/1',
}

export const ANSWER: JsonObject = {
  candidates: [
    {
      content: {
        role: 'model',
        parts: [
          { text: 'Hm.', thought: true, thoughtSignature: 'c2ln' },
          { text: 'It is a cät.' },
          { functionCall: { name: 'look', args: { at: 'cat' } }, thoughtSignature: 'c2ln' },
          { inlineData: { mimeType: 'image/png', data: 'aGk=' } },
        ],
      },
      finishReason: 'STOP',
      index: 0,
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'https://example.com', title: 'Cats' } }],
        groundingSupports: [
          {
            segment: { partIndex: 1, startIndex: 8, endIndex: 12, text: 'cät' },
            groundingChunkIndices: [0],
          },
        ],
      },
      citationMetadata: { citations: [{ startIndex: 0, endIndex: 2, uri: 'https://example.com' }] },
      logprobsResult: {
        chosenCandidates: [{ token: 'It', logProbability: -0.1 }],
        topCandidates: [{ candidates: [{ token: 'It', logProbability: -0.1 }] }],
      },
    },
  ],
  usageMetadata: {
    promptTokenCount: 20,
    candidatesTokenCount: 5,
    thoughtsTokenCount: 4,
    cachedContentTokenCount: 10,
    toolUsePromptTokenCount: 1,
    totalTokenCount: 30,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 12 },
      { modality: 'IMAGE', tokenCount: 8 },
    ],
  },
  modelVersion: 'gemini-3-pro',
  responseId: 'resp-1',
  createTime: '2026-01-02T03:04:05.678Z',
}

export const BLOCKED: JsonObject = {
  promptFeedback: { blockReason: 'SAFETY' },
  usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
  modelVersion: 'gemini-3-pro',
}

/** Every name that Gemini knows, for those who want to break in. */
export const NAMES = [
  ...new Set(
    [FULL, SNAKE, ANSWER, BLOCKED].flatMap((body) =>
      [...JSON.stringify(body).matchAll(/"(\w+)":/g)].map(([, name]) => name ?? ''),
    ),
  ),
  'executableCode',
  'error',
  'const',
  'oneOf',
  'valueOf',
  'toString',
]
