import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import { sharedGateway } from '../tools/gateway.ts'

/** Open WebUI (backend/open_webui/routers/openai.py) and LibreChat (custom endpoints), which chat for many users. */

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hi.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
    ],
  },
]

const FRONTENDS = {
  'Open WebUI': {
    headers: { 'x-openwebui-user-name': 'Ada', 'x-openwebui-chat-id': 'c1' },
    body: { stream: true, stream_options: { include_usage: true }, temperature: 0.7, messages },
    /** A title for the chat. */
    task: { stream: false, max_completion_tokens: 1_000, messages: messages.slice(0, 2) },
  },
  LibreChat: {
    headers: { 'http-referer': 'https://librechat.ai', 'x-title': 'LibreChat' },
    body: { stream: true, stream_options: { include_usage: true }, user: '65f0c0ffee', messages },
    task: { stream: false, max_tokens: 300, temperature: 0.2, messages: messages.slice(0, 2) },
  },
} as const

for (const [name, { headers, body, task }] of Object.entries(FRONTENDS)) {
  describe(name, () => {
    it('lists the models', async () => {
      const model = await gateway.offer(`listed-${name.replace(' ', '-')}`)
      const listed = await gateway.call('', key, { method: 'GET', path: '/v1/models', headers })
      expect(listed.json.object).toBe('list')
      expect(listed.json.data).toContainEqual({
        ...{ id: model, object: 'model', created: expect.any(Number) },
        owned_by: expect.any(String),
      })
    })

    for (const provider of DIALECT_NAMES) {
      it(`chats with a provider that speaks ${provider}`, async () => {
        const { channel, script } = PROVIDERS[provider]
        const usage = { input: 100, output: 20 }
        const model = `${name.replace(' ', '-')}-${provider}`
        await gateway.offer(model, script({ usage }), { channel: channel(upstream.url) })
        const answered = await gateway.call({ model, ...body }, key, { headers })
        expect(answered.status, answered.text).toBe(200)
        expect(answered.headers.get('content-type')).toContain('text/event-stream')
        const lines = answered.text.split('\n').filter((line) => line.startsWith('data: '))
        expect(lines.at(-1)).toBe('data: [DONE]')
        const chunks = lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)))
        const text = chunks.map(({ choices }) => choices[0]?.delta?.content ?? '').join('')
        expect(text).toBe('Hello there.')
        expect(chunks.at(-1)).toMatchObject({
          ...{ choices: [], usage: { prompt_tokens: 100, completion_tokens: 20 } },
        })
        const titled = await gateway.call({ model, ...task }, key, { headers })
        expect(titled.json.choices[0].message.content).toBe('Hello there.')
      })
    }
  })
}
