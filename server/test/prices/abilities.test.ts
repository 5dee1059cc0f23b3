import { expect, it } from 'vitest'
import { abilitiesOf, featuresOf } from '../../src/prices/abilities.ts'
import { loadCatalogue } from '../../src/prices/catalogue.ts'
import type { ModelPrice } from '../../src/prices/kinds.ts'

const catalogue = await loadCatalogue()
/** Its type and features, by the catalogues that come with the gateway or a price of the operator's. */
function kindOf(id: string, price?: ModelPrice, provider?: string) {
  const names = provider === undefined ? [id] : [id, provider]
  const listed = names.map(catalogue.listed).find((one) => one !== undefined)
  const listedPrice = catalogue.find(id, Date.UTC(2026, 10, 25))?.price
  const abilities = abilitiesOf({ names, listed, price: price ?? listedPrice })
  return [abilities.type, ...featuresOf(abilities)].join(' ')
}

it.each([
  ['gpt-4o', 'text text-to-text image-to-text'],
  ['openai/gpt-4.1-mini', 'text text-to-text image-to-text'],
  ['gpt-image-1', 'image text-to-image image-to-image'],
  ['dall-e-3', 'image text-to-image'],
  ['sora-2', 'video text-to-video text-to-audio image-to-video image-to-audio'],
  ['gpt-4o-mini-tts', 'audio text-to-audio'],
  ['whisper-1', 'audio audio-to-text'],
  ['gpt-4o-transcribe', 'audio audio-to-text'],
  ['gpt-audio', 'audio text-to-text text-to-audio audio-to-text audio-to-audio'],
  ['text-embedding-3-small', 'embedding text-to-embedding'],
  ['omni-moderation-latest', 'moderation text-to-moderation image-to-moderation'],
])('what its vendor lists of %s counts', (id, kind) => {
  expect(kindOf(id)).toBe(kind)
})

it.each([
  ['gemini-2.5-flash', 'text text-to-text audio-to-text'],
  ['gemini-2.5-flash-image', 'image text-to-text text-to-image'],
  ['gemini-live-2.5-flash', 'audio text-to-text text-to-audio audio-to-text audio-to-audio'],
  ['whisper-large-v3', 'audio audio-to-text'],
  ['voyage-3', 'embedding text-to-embedding'],
  ['claude-sonnet-4-6', 'text text-to-text'],
])('what %s is paid by tells what it does', (id, kind) => {
  expect(kindOf(id)).toBe(kind)
})

it.each<[ModelPrice, string]>([
  [{ per_image: '0.04' }, 'image text-to-image'],
  [{ per_second: '0.1' }, 'video text-to-video'],
  [{ per_request: '1', sizes: { '1792x1024': { per_request: '2' } } }, 'video text-to-video'],
  [{ per_hour: '0.1' }, 'audio audio-to-text'],
  [{ input: '1' }, 'embedding text-to-embedding'],
  [{ input: '1', output: '0' }, 'embedding text-to-embedding'],
  [{ input: '1', output: '2', input_video: '3' }, 'text text-to-text video-to-text'],
  [{ per_request: '0.01' }, 'text text-to-text'],
  [{}, 'text text-to-text'],
])('a price of the operator %j tells it, too', (price, kind) => {
  expect(kindOf('our-own', price)).toBe(kind)
})

it.each([
  ['bge-reranker-v2', 'rerank text-to-ranking'],
  ['mistral-embed', 'embedding text-to-embedding'],
  ['mistral-moderation-2411', 'moderation text-to-moderation'],
  ['imagen-4.0-generate-001', 'image text-to-image'],
  ['veo-3.1-generate-preview', 'video text-to-video'],
  ['wan2.7', 'video text-to-video'],
  ['kling-image-to-video', 'video text-to-video'],
  ['gemini-2.5-flash-preview-tts', 'audio text-to-audio'],
  ['wanted-by-nobody', 'text text-to-text'],
  ['visual-imagery', 'text text-to-text'],
])('of %s only the name tells', (id, kind) => {
  expect(kindOf(id)).toBe(kind)
})

it('the name that its provider has for it counts, and a name does not outdo a price', () => {
  expect(kindOf('our-own', {}, 'flux-1.1-pro')).toBe('image text-to-image')
  expect(kindOf('our-own', { per_second: '0.0001' }, 'whisper-x')).toBe('audio audio-to-text')
  expect(kindOf('sora-stills', { per_image: '0.04' })).toBe('image text-to-image')
})
