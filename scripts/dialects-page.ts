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
| \`POST /v1/responses\`, \`/v1/responses/input_tokens\` | \`responses\`: ${CODECS.responses.title} | \`Authorization: Bearer\` |
| \`POST /v1/messages\`, \`/v1/messages/count_tokens\` | \`anthropic\`: ${CODECS.anthropic.title} | \`x-api-key\` or \`Authorization: Bearer\` |
| \`POST /v1beta/models/{model}:generateContent\`, \`:streamGenerateContent\`, \`:countTokens\` (also below \`/v1\`) | \`gemini\`: ${CODECS.gemini.title} | \`x-goog-api-key\` or \`?key=\` |

A channel's type says what its provider speaks: \`anthropic\` and \`gemini\` their own dialect, \`openai\` and \`azure\` both of
OpenAI's, all others chat completions. An \`openai-compatible\` channel may say otherwise: \`"dialects": ["responses", "openai"]\`.

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

The gateway fetches no URL that a caller sent.

## What becomes of it on the way to a provider

A column is what the channel speaks.

${table(['A call asks for', ...names.map((name) => CODECS[name].title)], rows)}
Blank: as it is. **no**: the call is refused.

## Counting tokens

\`count_tokens\`, \`countTokens\` and \`input_tokens\` cost nothing. They are answered by the provider where a channel of the
types \`anthropic\`, \`gemini\` or \`openai\` serves the model in the caller's dialect, and else counted here, with a tokenizer of
OpenAI's: an estimate for other models.
`
}

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
