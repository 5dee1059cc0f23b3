import type { Call } from './chat.ts'

export const LANGUAGES = { curl: 'curl', python: 'Python', typescript: 'TypeScript' } as const
export type CodeLanguage = keyof typeof LANGUAGES

/** A call as a program makes it. The key is left to the environment. `origin`: where the gateway is. */
export const codeOf = (language: CodeLanguage, call: Call, origin: string): string =>
  CODE[language](call, origin)

/** JSON that is pretty to its second level, where each message stands on a line of its own. */
const json = (value: unknown): string =>
  Array.isArray(value)
    ? `[\n${value.map((item) => `    ${JSON.stringify(item)},\n`).join('')}  ]`.replace(
        /,\n {2}\]$/,
        '\n  ]',
      )
    : JSON.stringify(value)

const members = (call: Call, separator: string, quoted: boolean): readonly string[] =>
  Object.entries(call).map(
    ([name, value]) => `  ${quoted ? JSON.stringify(name) : name}${separator}${json(value)}`,
  )

const CODE: Readonly<Record<CodeLanguage, (call: Call, origin: string) => string>> = {
  curl: (call, origin) => `curl ${origin}/v1/chat/completions \\
  -H "Authorization: Bearer $TURNPIKE_API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{
${members(call, ': ', true).join(',\n').replaceAll("'", "'\\''")}
}'`,
  python: (call, origin) => `# pip install openai
import os
from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=os.environ["TURNPIKE_API_KEY"])

answer = client.chat.completions.create(
${members(call, '=', false).join(',\n')},
)
print(answer.choices[0].message.content)`,
  typescript: (call, origin) => `// npm install openai
import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: '${origin}/v1',
  apiKey: process.env.TURNPIKE_API_KEY,
})

const answer = await client.chat.completions.create({
${members(call, ': ', false).join(',\n')},
})
console.log(answer.choices[0].message.content)`,
}
