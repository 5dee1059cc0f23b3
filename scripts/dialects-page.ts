import type { DialectName } from '../server/src/dialects/dialect.ts'
import { CODECS } from '../server/src/translate/codecs.ts'
import { type Fate, FEATURES, type Feature } from '../server/src/translate/features.ts'

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string

/** The page about dialects: which callers and providers there are, and what becomes of each feature between them. */
export function dialectsPage(made: string, table: Table): string {
  const names = Object.keys(CODECS) as DialectName[]
  const rows = (Object.keys(FEATURES) as Feature[]).map((feature) => [
    FEATURES[feature],
    ...names.map((name) => said(CODECS[name].fates[feature])),
  ])
  return `${made}
# Dialects

Callers speak one of four dialects, channels speak one or several of them, and everybody can call every model:

| Callers send | Dialect | Credential as the SDK sends it |
| --- | --- | --- |
| \`POST /v1/chat/completions\` | \`openai\`: ${CODECS.openai.title} | \`Authorization: Bearer\` |
| \`POST /v1/responses\`, \`/v1/responses/input_tokens\`, \`/v1/responses/compact\` | \`responses\`: ${CODECS.responses.title} | \`Authorization: Bearer\` |
| \`POST /v1/messages\`, \`/v1/messages/count_tokens\` | \`anthropic\`: ${CODECS.anthropic.title} | \`x-api-key\` or \`Authorization: Bearer\` |
| \`POST /v1beta/models/{model}:generateContent\`, \`:streamGenerateContent\`, \`:countTokens\`, \`:embedContent\`, \`:batchEmbedContents\` (also below \`/v1\`) | \`gemini\`: ${CODECS.gemini.title} | \`x-goog-api-key\` or \`?key=\` |

A channel's type says what its provider speaks: \`anthropic\` and \`gemini\` their own dialect, \`openai\` and \`azure\` both of
OpenAI's, all others chat completions. A channel may say otherwise: \`"dialects": ["responses", "openai"]\` of the type
\`openai-compatible\`, \`["anthropic"]\` or \`["gemini"]\` of \`vertex\`, \`["anthropic"]\` of \`bedrock\`.

**Where the channel speaks the caller's dialect**, the body goes out byte for byte (docs/compatibility.md has the exceptions)
and the answer comes back so. **Otherwise it is translated**, plain and streaming, both ways: messages, images, files, tools
and their results, structured output, reasoning, finish reasons, usage, errors. Answers look to the official SDKs as those of
their own provider.

What a provider can't be told is either left out, where the answer is as good without it, or refused with
\`unsupported_parameter\`, which names the parameter; a channel that can't say it is passed over where another one can.
Members of a body that are not in the provider's documentation are left out. Headers and queries that belong to one dialect
(\`anthropic-*\`, \`openai-*\`, \`x-goog-*\`, \`?beta=true\`) stay behind.

Signatures of reasoning, and reasoning that came encrypted, are carried in the place where the caller's dialect has its own,
wrapped with the name of whoever issued them, and go back to that provider only. In chat completions they travel in
\`reasoning_details\` of the message: send messages back as they came, and the provider goes on thinking where it was.
Where a conversation goes on with a model of the caller's own dialect, such marks are taken out of the body again.

What a provider keeps - files, answers and their items, conversations, containers - it knows by ids of its own. A call that names one goes to
the channel that issued it and is never translated: docs/objects.md.

The gateway fetches no URL that a caller sent.

## What becomes of it on the way to a provider

A column is what the channel speaks.

${table(['A call asks for', ...names.map((name) => CODECS[name].title)], rows)}
Blank: as it is. **no**: the call is refused.

## Tools that people run

- **Codex** (\`wire_api = "responses"\`) offers OpenAI's web search and drawing beside its own tools with every call. Other
  providers are not told of them. Tools of MCP servers, which it groups in namespaces, are told by one name
  (\`mcp__server__tool\`) and come back by both; \`apply_patch\` is a function with one text, and comes back as text.
- **Claude Code** (\`ANTHROPIC_BASE_URL\`) has its betas passed on to Anthropic. For others, its billing line, which changes with
  each call, is left out of the system prompt, so that they can cache it. Its web search is a call of its own, which they refuse.
- **Cursor** (its OpenAI base URL) posts bodies of Responses to \`/v1/chat/completions\`, and flat tools in chat completions.
  Both are understood, always translated, and answered as chat completions.

## Counting tokens

\`count_tokens\`, \`countTokens\` and \`input_tokens\` cost nothing. They are answered by the provider where a channel of the
types \`anthropic\`, \`gemini\` or \`openai\` serves the model in the caller's dialect, and else counted here, with a tokenizer of
OpenAI's: an estimate for other models.

${EMBEDDINGS}${MEDIA}`
}

const EMBEDDINGS = `## Embeddings

\`/v1/embeddings\` is served by channels that speak chat completions' dialect, Gemini's two methods by those that speak Gemini's,
and either by the other in translation:

| | To Gemini | To OpenAI |
| --- | --- | --- |
| Input | \`batchEmbedContents\`, one request for each text; no more than Google takes at once. Tokens instead of texts are refused | texts; the parts of a content are joined by line breaks. Images and files are refused |
| Dimensions | \`outputDimensionality\` | \`dimensions\`; the same for all requests |
| What they are for | not said | \`taskType\` is left out: OpenAI's models have one embedding for all tasks. A \`title\` is written before its text |
| Answer | numbers, or the bytes of 32-bit floats (\`base64\`, which OpenAI's SDKs ask for); as long as Google made the vectors, which is not always 1 | \`embedding\`, or \`embeddings\` |

The model that stands in a Gemini body must be that of the path. Google does not always report usage: it is estimated then.

`

const MEDIA = `## Images and audio

OpenAI's endpoints for images and audio are served by channels that speak chat completions' dialect; they are not
translated. A model must be named. Without usage from the provider, tokens and lengths are estimated, and the usage record
says so (\`estimated\`); a figure that the model's price does not ask for is left out.

| Callers send | Body | What is charged |
| --- | --- | --- |
| \`POST /v1/images/generations\` | JSON | reported tokens; else what the call costs, and for prices by the token 272 (\`low\`), 1 056 (\`medium\`, \`auto\`) or 4 160 (\`high\`) tokens for each 1024 x 1024 pixels of a picture |
| \`POST /v1/images/edits\` | JSON or form | the same; each picture that is sent counts as 4 500 input tokens |
| \`POST /v1/images/variations\` | form | the same |
| \`POST /v1/videos\`, \`/v1/videos/{id}/remix\`, \`/v1/videos/edits\`, \`/v1/videos/extensions\` | JSON or form | seconds and size: docs/jobs.md |
| \`POST /v1/batches\` | JSON | what its answers report: docs/jobs.md |
| \`POST /v1/audio/transcriptions\`, \`/v1/audio/translations\` | form | reported tokens or seconds, or the \`duration\` of \`verbose_json\`; else the longest of: the end of the last subtitle (\`srt\`, \`vtt\`), three tokens of text a second, 16 000 bytes a second |
| \`POST /v1/audio/speech\` | JSON | reported tokens (\`stream_format: sse\`); else the input and 1 250 tokens a minute of speech: by the length of \`pcm\` and \`wav\`, by 900 characters a minute of other formats. Models named \`tts-*\` are charged by the character of their input: set \`input\` to dollars per million characters |

Before a call runs, units are reserved for the most of it: \`high\` pictures where the quality is \`auto\`, 16 384 tokens for each
picture that is sent, a second for each 1 000 bytes of a recording. Whoever leaves before the end of an answer pays for all
pictures or speech that were asked for.

Forms go out byte for byte, except for a mapped model name. Parsers differ in how they read unusual forms, so a form must be
plain: CRLF at the end of lines, nothing around its parts, at most 256 parts with 8 KiB of headers each, names in letters,
digits, \`.\`, \`_\`, \`-\` and \`[]\`, no \`name*\`, no \`\\"\` within quotes, and each field that is judged (\`model\`, \`stream\`, \`n\` and the
like) once. Anything else is refused with \`invalid_request\`. The order of parts is free: nothing goes to a provider before the
last byte has come and all of it was judged.

A form of more than 256 KiB is not held in memory: the contents of its files wait on the disk, for as long as the call runs, and
go from there to as many channels as are tried. Of its fields, each that is judged may have 128 KiB, and all together with
headers 2 MiB. See [Uploads](operations.md#uploads).

Not offered: \`output_format: svg\`, which a second model writes, and pictures by \`file_id\`. These calls are not hedged.
`

function said(fate: Fate): string {
  switch (fate.is) {
    case 'kept':
      return ''
    case 'refused':
      return '**no**'
    case 'changed':
      return fate.how
    case 'dropped':
      return `left out: ${fate.how}`
  }
}
