/** A call as its path says it, and what its body is. */
export interface Call {
  readonly id: string
  readonly summary: string
  /** Members that its body can't do without, or another kind of body; absent: it has none. */
  readonly body?: readonly string[] | 'form'
  /** What comes back; absent: JSON. */
  readonly answer?: 'stream' | 'bytes'
  /** What is asked of what a provider keeps: nothing is charged for it. */
  readonly isFree?: boolean
}

type Method = 'get' | 'post' | 'delete'

export const POSTS: Readonly<Record<string, Call>> = {
  '/v1/chat/completions': {
    ...{ id: 'createChatCompletion', summary: 'Chat completion', answer: 'stream' },
    body: ['model', 'messages'],
  },
  '/v1/responses': {
    ...{ id: 'createResponse', summary: 'Answer of OpenAI Responses', answer: 'stream' },
    body: ['model'],
  },
  '/v1/responses/input_tokens': {
    ...{ id: 'countResponseTokens', summary: 'Tokens of an input of Responses', isFree: true },
    body: ['model'],
  },
  '/v1/responses/compact': {
    ...{ id: 'compactResponse', summary: 'Conversation of Responses, made shorter' },
    body: ['model'],
  },
  '/v1/messages': {
    ...{ id: 'createMessage', summary: 'Message of Anthropic', answer: 'stream' },
    body: ['model', 'messages', 'max_tokens'],
  },
  '/v1/messages/count_tokens': {
    ...{ id: 'countMessageTokens', summary: 'Tokens of an input of Anthropic', isFree: true },
    body: ['model', 'messages'],
  },
  '/v1beta/models/{model}:generateContent': {
    ...{ id: 'generateContent', summary: 'Answer of Gemini', body: ['contents'] },
  },
  '/v1beta/models/{model}:streamGenerateContent': {
    ...{ id: 'streamGenerateContent', summary: 'The same as a stream', body: ['contents'] },
    answer: 'stream',
  },
  '/v1beta/models/{model}:countTokens': {
    ...{ id: 'countContentTokens', summary: 'Tokens of an input of Gemini', body: [] },
    isFree: true,
  },
  '/v1beta/models/{model}:embedContent': {
    ...{ id: 'embedContent', summary: 'Embedding of Gemini', body: ['content'] },
  },
  '/v1beta/models/{model}:batchEmbedContents': {
    ...{ id: 'batchEmbedContents', summary: 'Embeddings of Gemini', body: ['requests'] },
  },
  '/v1/completions': {
    ...{ id: 'createCompletion', summary: 'Completion of a text', answer: 'stream' },
    body: ['model', 'prompt'],
  },
  '/v1/embeddings': {
    ...{ id: 'createEmbedding', summary: 'Embeddings', body: ['model', 'input'] },
  },
  '/v1/moderations': { id: 'createModeration', summary: 'Judgement of a text', body: ['input'] },
  '/v1/rerank': {
    ...{ id: 'createRanking', summary: 'Texts by how well they fit a question' },
    body: ['model', 'query', 'documents'],
  },
  '/v1/images/generations': {
    ...{ id: 'createImage', summary: 'Pictures', body: ['model', 'prompt'], answer: 'stream' },
  },
  '/v1/images/edits': {
    ...{ id: 'editImage', summary: 'Changed pictures', body: 'form', answer: 'stream' },
  },
  '/v1/images/variations': { id: 'varyImage', summary: 'Variations of a picture', body: 'form' },
  '/v1/audio/speech': {
    ...{ id: 'createSpeech', summary: 'Speech', body: ['model', 'input', 'voice'] },
    answer: 'bytes',
  },
  '/v1/audio/transcriptions': {
    ...{
      id: 'createTranscription',
      summary: 'Text of a recording',
      body: 'form',
      answer: 'stream',
    },
  },
  '/v1/audio/translations': {
    ...{ id: 'createTranslation', summary: 'English text of a recording', body: 'form' },
  },
  '/v1/videos': {
    ...{ id: 'createVideo', summary: 'Begin a video', body: ['prompt'] },
  },
  '/v1/videos/edits': {
    ...{ id: 'editVideo', summary: 'Begin a changed video', body: ['prompt', 'video'] },
  },
  '/v1/videos/extensions': {
    ...{ id: 'extendVideo', summary: 'Begin a longer video', body: ['prompt', 'video'] },
  },
  '/v1/videos/{video_id}/remix': {
    ...{ id: 'remixVideo', summary: 'Begin a video made of another', body: ['prompt'] },
  },
  '/v1/batches': {
    ...{ id: 'createBatch', summary: 'Begin the calls of a file' },
    body: ['input_file_id', 'endpoint', 'completion_window'],
  },
}

/** What is asked of what providers keep. */
export const OBJECTS: Readonly<Record<string, Readonly<Partial<Record<Method, Call>>>>> = {
  '/v1/files': {
    get: { id: 'listFiles', summary: "The account's files" },
    post: { id: 'createFile', summary: 'Upload a file', body: 'form' },
  },
  '/v1/files/{file_id}': {
    get: { id: 'getFile', summary: 'One file' },
    delete: { id: 'deleteFile', summary: 'Delete a file' },
  },
  '/v1/files/{file_id}/content': {
    get: { id: 'getFileContent', summary: 'What is in a file', answer: 'bytes' },
  },
  '/v1/responses/{response_id}': {
    get: { id: 'getResponse', summary: 'A stored answer', answer: 'stream' },
    delete: { id: 'deleteResponse', summary: 'Delete a stored answer' },
  },
  '/v1/responses/{response_id}/cancel': {
    post: { id: 'cancelResponse', summary: 'Cancel an answer' },
  },
  '/v1/responses/{response_id}/input_items': {
    get: { id: 'listResponseItems', summary: 'What an answer was asked with' },
  },
  '/v1/videos': {
    get: { id: 'listVideos', summary: "The account's videos" },
  },
  '/v1/videos/{video_id}': {
    get: { id: 'getVideo', summary: 'How far a video is' },
    delete: { id: 'deleteVideo', summary: 'Delete a video' },
  },
  '/v1/videos/{video_id}/content': {
    get: { id: 'getVideoContent', summary: 'The film, or a picture of it', answer: 'bytes' },
  },
  '/v1/batches': {
    get: { id: 'listBatches', summary: "The account's batches" },
  },
  '/v1/batches/{batch_id}': {
    get: { id: 'getBatch', summary: 'How far a batch is' },
  },
  '/v1/batches/{batch_id}/cancel': {
    post: { id: 'cancelBatch', summary: 'Cancel a batch' },
  },
  '/v1/conversations': {
    post: { id: 'createConversation', summary: 'Begin a conversation', body: [] },
  },
  '/v1/conversations/{conversation_id}': {
    get: { id: 'getConversation', summary: 'One conversation' },
    post: { id: 'updateConversation', summary: 'Change its metadata', body: ['metadata'] },
    delete: { id: 'deleteConversation', summary: 'Delete a conversation' },
  },
  '/v1/conversations/{conversation_id}/items': {
    get: { id: 'listConversationItems', summary: 'Its items' },
    post: { id: 'createConversationItems', summary: 'Add items', body: ['items'] },
  },
  '/v1/conversations/{conversation_id}/items/{item_id}': {
    get: { id: 'getConversationItem', summary: 'One item' },
    delete: { id: 'deleteConversationItem', summary: 'Delete an item' },
  },
}
