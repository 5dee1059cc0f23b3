import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy-button.tsx'
import classes from './snippets.module.css'

interface SnippetsProps {
  /** With `sk-`; undefined of one that can't be shown. */
  readonly apiKey: string | undefined
  /** Undefined where none is served yet. */
  readonly model: string | undefined
  /** Where the gateway is; the address of this page unless told. */
  readonly origin?: string
}

const SDKS = {
  curl: 'curl',
  python: 'Python',
  typescript: 'TypeScript',
  anthropic: 'Anthropic',
} as const
type Sdk = keyof typeof SDKS

/** What stands for a key that is not shown. */
const NO_KEY = 'sk-...'

/** A first call that can be copied and run, for each way that people call. */
export function Snippets({
  apiKey = NO_KEY,
  model,
  origin = window.location.origin,
}: SnippetsProps) {
  const { t } = useTranslation()
  const [sdk, setSdk] = useState<Sdk>('curl')
  const code = CODE[sdk]({ apiKey, model: model ?? 'MODEL', origin })
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        aria-label={t('ui.snippet_for')}
        data={Object.entries(SDKS).map(([value, label]) => ({ value, label }))}
        value={sdk}
        onChange={(value) => setSdk(value as Sdk)}
        className={classes.choice}
      />
      <div className={classes.frame}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, also for the keyboard. */}
        <pre className={classes.code} tabIndex={0}>
          <code>{code}</code>
        </pre>
        <div className={classes.copy}>
          <CopyButton text={code} />
        </div>
      </div>
      {model === undefined ? (
        <Text size="sm" c="dimmed">
          {t('ui.snippet_no_model')}
        </Text>
      ) : null}
    </Stack>
  )
}

interface Call {
  readonly apiKey: string
  readonly model: string
  readonly origin: string
}

/** Ids of models come from people: JSON quotes them as all of these languages do. */
const quote = (text: string): string => JSON.stringify(text)
/** The same inside the single quotes of a shell. */
const inShell = (text: string): string => text.replaceAll("'", "'\\''")

const CODE: Readonly<Record<Sdk, (call: Call) => string>> = {
  curl: ({ apiKey, model, origin }) => `curl ${origin}/v1/chat/completions \\
  -H 'Authorization: Bearer ${apiKey}' \\
  -H 'Content-Type: application/json' \\
  -d '{
    "model": ${inShell(quote(model))},
    "messages": [{"role": "user", "content": "Hello!"}]
  }'`,
  python: ({ apiKey, model, origin }) => `# pip install openai
from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key="${apiKey}")

answer = client.chat.completions.create(
    model=${quote(model)},
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)`,
  typescript: ({ apiKey, model, origin }) => `// npm install openai
import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: '${origin}/v1',
  apiKey: '${apiKey}',
})

const answer = await client.chat.completions.create({
  model: ${quote(model)},
  messages: [{ role: 'user', content: 'Hello!' }],
})
console.log(answer.choices[0].message.content)`,
  anthropic: ({ apiKey, model, origin }) => `# pip install anthropic
from anthropic import Anthropic

client = Anthropic(base_url="${origin}", api_key="${apiKey}")

answer = client.messages.create(
    model=${quote(model)},
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.content[0].text)`,
}
